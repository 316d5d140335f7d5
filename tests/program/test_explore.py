"""`latentpath explore` over real HTTP: who is let in, what is answered, who waits for whom, and what an export is."""

import http.client
import json
import random
import re
import shlex
import signal
import socket
import threading
import time
from urllib.parse import urlsplit

import numpy as np
import pytest

from conftest import END, PROGRAM, START, options, run, start

if "not in this build" in run("explore", "--help").stdout:
    pytest.skip("the program was built without cpp-httplib", allow_module_level=True)


class Messages:
    """The stream of server-sent events of one page."""

    def __init__(self, page):
        self.connection = page.connect(timeout=60)
        self.connection.request("GET", page.base + "messages")
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        assert self.response.getheader("Content-Type") == "text/event-stream"
        self.client = self.next("hello")["client"]

    def __iter__(self):
        event = None
        while line := self.response.readline():
            if line.startswith(b"event: "):
                event = line[7:].decode().strip()
            elif line.startswith(b"data: "):
                yield event, json.loads(line[6:])

    def next(self, *wanted):
        """The next message of one of these kinds."""
        for event, data in self:
            if event in wanted:
                return data if len(wanted) == 1 else (event, data)
        raise AssertionError(f"the stream ended before {wanted}")

    def close(self):
        # A browser that is closed: the socket goes at once.
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()


class Page:
    def __init__(self, process):
        self.process = process
        self.address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[0-9a-f]{32}/", self.address), process.stderr.read()
        parts = urlsplit(self.address)
        self.port, self.base = parts.port, parts.path

    def connect(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read(), response
        finally:
            connection.close()

    def post(self, address, **fields):
        status, body, _ = self.request("POST", self.base + address, json.dumps(fields),
                                       {"Content-Type": "application/json"})
        return status, json.loads(body)

    def state(self):
        return json.loads(self.request("GET", self.base + "state")[1])

    def question(self, **changed):
        return {"from": "seed:0", "to": "seed:1", "favor": [], "avoid": [], "odds": 4, "sharpness": 1, **changed}

    def ask(self, messages, number, **changed):
        status, answer = self.post("ask", client=messages.client, number=number, **self.question(**changed))
        assert status == 200, answer


def serve(models, folder, **chosen):
    settings = {"decoder": models["tanh"], "classifier": models["unit_classifier"], "segments": 16, "seed": 1,
                "threads": 1, "quiet": True, "out": folder / "runs", **chosen}
    return Page(start(["explore", *options(**settings)]))


def end(page, code=0):
    if page.process.poll() is None:
        page.process.send_signal(signal.SIGINT)
    try:
        assert page.process.wait(timeout=20) == code, page.process.stderr.read()
    finally:
        page.process.kill()
        page.process.communicate()


@pytest.fixture(scope="module")
def page(models, tmp_path_factory):
    served = serve(models, tmp_path_factory.mktemp("explore"))
    yield served
    end(served)


def test_a_question_is_answered_step_by_step(page):
    messages = Messages(page)
    page.ask(messages, 7, favor=["8"], **{"from": [-1.2, -0.8], "to": [1.3, -0.6]})
    seen = []
    for event, data in messages:
        assert data["number"] == 7
        seen.append(event)
        if event == "line":
            np.testing.assert_allclose(data["frames"]["latents"][0], [-1.2, -0.8], atol=1e-4)
            np.testing.assert_allclose(data["frames"]["latents"][-1], [1.3, -0.6], atol=1e-4)
            assert data["frames"]["picture"].startswith("data:image/webp;base64,")
        if event == "answer":
            break
    assert seen[0] == "line" and seen[-2:] == ["found", "answer"] and "path" in seen
    assert data["report"]["summary"]["pairs"][0]["path"]["mean_class_probability"] > 0.5
    assert data["command"].startswith("latentpath interpolate ")
    messages.close()


def test_sections_and_what_is_kept_are_asked_on_the_page(models, tmp_path):
    """The command line's wishes come to the page as they are, previews are shown, and the answer is that of `interpolate`."""
    sections = ["8@0.0-0.4", "3@0.6-1.0"]
    served = serve(models, tmp_path, favor=sections, keep="1")
    try:
        assert served.state()["favor"] == sections
        messages = Messages(served)
        ends = {"from": [-1.2, -0.8], "to": [1.3, -0.6]}
        served.ask(messages, 1, favor=sections, **ends)
        assert len(messages.next("line")["frames"]["values"]) == 25
        assert messages.next("path")["number"] == 1
        answer = messages.next("answer")
        figures = answer["report"]["summary"]["pairs"][0]["path"]
        assert [section["feature"] for section in figures["sections"]] == ["P(8)", "P(3)"] and "mean_class_change" in figures
        out = tmp_path / "again"
        document = run(*shlex.split(answer["command"])[1:], "--quiet", "--out", str(out), out=out).ok().document
        assert document["summary"]["pairs"][0]["path"]["cost"] == figures["cost"]
        for favor, named in ((["8@0.6-0.2"], "8@0.6-0.2"), (["no such class@0-0.5"], "no such class"), (["8@0-0.5", "3"], "3@0-1")):
            status, refused = served.post("ask", client=messages.client, number=2, **served.question(favor=favor))
            assert status == 400 and named in refused["error"]
        messages.close()
    finally:
        end(served)


def test_the_answer_is_that_of_interpolate(page, models, tmp_path):
    messages = Messages(page)
    page.ask(messages, 1, favor=["8"], **{"from": [-1.2, -0.8], "to": [1.3, -0.6]})
    answer = messages.next("answer")
    command = shlex.split(answer["command"])
    assert command[0] == "latentpath"
    out = tmp_path / "again"
    document = run(*command[1:], "--quiet", "--out", str(out), out=out).ok().document
    ours, theirs = answer["report"]["summary"]["pairs"][0]["path"], document["summary"]["pairs"][0]["path"]
    for name in ("cost", "cost_refined", "length", "iterations", "decoder_evaluations", "start"):
        assert ours[name] == theirs[name], name
    messages.close()


def test_an_export_is_what_the_command_writes_byte_for_byte(page, tmp_path):
    messages = Messages(page)
    page_question = page.question(favor=["8"], odds=2, **{"from": [-1.2, -0.8], "to": "seed:5"})
    status, _ = page.post("export", client=messages.client, number=3, name="one", **page_question)
    assert status == 200
    done = messages.next("exported")
    command = shlex.split(done["command"])
    again = tmp_path / "again"
    out = command.index("--out") + 1
    exported, command[out] = command[out], str(again)
    run(*command[1:], "--quiet", out=again).ok()
    for name in ("path.npy", "times.npy", "frames/strip.png"):
        assert (again / name).read_bytes() == open(f"{exported}/{name}", "rb").read(), name

    def timeless(folder):
        text = open(f"{folder}/run.json").read()
        return re.sub(r'"(\w*seconds|created|started)": [^,\n]+', "", text).replace(str(folder), "RUN")

    assert timeless(again) == timeless(exported)
    # The name is taken now.
    page.post("export", client=messages.client, number=4, name="one", **page_question)
    assert "choose another name" in messages.next("failed")["sentence"]
    messages.close()


def test_samples_are_the_draws_that_interpolate_takes(page, models, tmp_path):
    status, answer = page.post("samples", first=23, count=3)
    assert status == 200 and answer["ends"] == ["seed:23", "seed:24", "seed:25"]
    out = tmp_path / "run"
    path = run("interpolate", *options(decoder=models["tanh"], from_="seed:23", to="seed:25", segments=4, quiet=True,
                                       out=out), out=out).ok().path
    np.testing.assert_allclose(answer["frames"]["latents"][0], path[0, 0], atol=1e-4)
    np.testing.assert_allclose(answer["frames"]["latents"][2], path[0, -1], atol=1e-4)


def test_a_newer_question_takes_the_place_of_the_older(page):
    messages = Messages(page)
    for number in range(1, 9):
        page.ask(messages, number, favor=["8"], to=f"seed:{number}")
    answered = []
    for event, data in messages:
        if event == "answer":
            answered.append(data["number"])
            if data["number"] == 8:
                break
    assert len(answered) <= 2  # the first may have been ready before the second came
    messages.close()


def test_two_pages_are_both_answered(page):
    one, two = Messages(page), Messages(page)
    assert one.client != two.client
    page.ask(one, 1, favor=["8"], **{"from": [-1.2, -0.8], "to": [1.3, -0.6]})
    page.ask(two, 2, favor=["3"], **{"from": [-1.0, 0.4], "to": [0.9, 0.7]})
    assert two.next("answer")["number"] == 2
    assert one.next("answer")["number"] == 1
    one.close()
    two.close()


def test_a_page_that_leaves_stops_its_search(models, tmp_path):
    # A search of minutes, which nobody waits for any more.
    page = serve(models, tmp_path, segments=2048, tolerance=1e-14, max_iterations=100000, max_seconds=100)
    leaving, staying = Messages(page), Messages(page)
    page.ask(leaving, 1, favor=["8"], **{"from": [-1.2, -0.8], "to": [1.3, -0.6]})
    leaving.next("path")
    leaving.close()
    begin = time.monotonic()
    page.ask(staying, 2, favor=["8"])
    assert staying.next("line")["number"] == 2
    assert time.monotonic() - begin < 50  # far from what the search may take
    end(page)  # with a search going on


def test_nobody_else_is_let_in(page):
    host = f"127.0.0.1:{page.port}"
    wrong = "/" + "0" * 32 + "/"
    for path in (wrong, wrong + "state", "/", "/state", "//", "/%2e%2e/", page.base[:-2] + "/", page.base[:-1]):
        status, body, response = page.request("GET", path)
        assert status == 404 and "error" in json.loads(body), path
    for headers in ({"Host": f"evil.example:{page.port}"}, {"Host": "127.0.0.1"}, {"Host": ""},
                    {"Host": host, "Origin": "http://evil.example"}, {"Host": host, "Origin": "null"},
                    {"Host": host, "Sec-Fetch-Site": "cross-site"}):
        status, body, response = page.request("GET", page.base + "state", headers=headers)
        assert status in (400, 403) and b"latent_dim" not in body, headers
    status, _, response = page.request("GET", page.base, headers={"Host": f"localhost:{page.port}"})
    assert status == 200
    policy = response.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert response.getheader("Referrer-Policy") == "no-referrer"
    # It is bound to the loopback interface: no other address of this machine answers.
    with socket.socket() as other:
        other.settimeout(2)
        with pytest.raises(OSError):
            other.connect(("127.0.0.2", page.port))


BAD = [
    ({"from": "image:/etc/passwd"}, "from"), ({"from": "/etc/passwd"}, "from"), ({"from": "seed:-1"}, "from"),
    ({"from": "seed:1e3"}, "from"), ({"from": "seed:99999999999"}, "from"), ({"from": [1.0]}, "2"),
    ({"from": [1, 2, 3]}, "2"), ({"from": [1, "2"]}, "coordinate"), ({"from": [1, None]}, "coordinate"),
    ({"from": [1e300, 0]}, "coordinate"), ({"from": None}, "from"), ({"to": {}}, "to"), ({"favor": "8"}, "favor"),
    ({"favor": [8]}, "favor"), ({"favor": ["no such class"]}, "no such class"), ({"favor": ["8"] * 65}, "favor"),
    ({"odds": 0}, "odds"), ({"odds": "4"}, "odds"), ({"odds": True}, "odds"), ({"sharpness": -1}, "sharpness"),
    ({"number": 1.5}, "number"), ({"number": -1}, "number"), ({"number": 2**70}, "number"), ({"client": 10**8}, "page"),
    ({"surplus": 1}, "surplus"), ({"odds": None}, "odds"),
]


@pytest.mark.parametrize("changed, named", BAD, ids=[json.dumps(changed)[:40] for changed, _ in BAD])
def test_a_bad_question_gets_one_sentence(page, changed, named):
    status, answer = page.post("ask", **{"client": 1, "number": 1, **page.question(), **changed})
    assert status == 400
    assert named in answer["error"] and "\n" not in answer["error"] and len(answer["error"]) < 300


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "/tmp/x", "-o", ".hidden", "a b", "a\0b", "x" * 81, "ä"])
def test_an_export_cannot_lead_elsewhere(page, name):
    status, answer = page.post("export", client=1, number=1, name=name, **page.question())
    assert status == 400 and "name" in answer["error"]


def test_hostile_requests_change_nothing(page):
    draw = random.Random(5)
    good = json.dumps({"client": 1, "number": 1, **page.question()}).encode()
    bodies = [b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 20000, b'{"a":' * 5000, good[:-1], good + b"x",
              b"{" + b'"from":1,' * 1000 + b"}"]
    for _ in range(150):
        body = bytearray(good)
        for _ in range(draw.randrange(1, 6)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        bodies.append(bytes(body))
    for body in bodies:
        status, answer, _ = page.request("POST", page.base + draw.choice(["ask", "export", "samples"]), body,
                                         {"Content-Type": "application/json"})
        assert status == 400 and set(json.loads(answer)) == {"error"}, body[:80]
    status, answer, _ = page.request("POST", page.base + "ask", b"x" * (1 << 20), {"Content-Type": "application/json"})
    assert status == 413 and "large" in json.loads(answer)["error"]
    assert page.request("POST", page.base + "ask", good, {"Content-Type": "text/plain"})[0] == 415
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        connection = page.connect(timeout=3)  # the library alone would wait for five seconds for a body
        connection.request(method, page.base + "state")
        response = connection.getresponse()
        assert response.status == 405 and "POST" in json.loads(response.read())["error"], method
        connection.close()
    assert page.request("TRACE", page.base + "state")[0] >= 400
    for raw in (b"GET\r\n\r\n", b"\0" * 300, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 3000 + b"\r\n",
                b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
                b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"GET /" + b"%00" * 50 + b" HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", page.port), timeout=5) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            try:
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert page.state()["latent_dim"] == 2


def test_more_pages_than_there_is_room_for_are_told_so(page):
    pages = []
    try:
        for _ in range(16):
            pages.append(Messages(page))
        status, body, _ = page.request("GET", page.base + "messages")
        assert status == 503 and "pages" in json.loads(body)["error"]
    finally:
        for each in pages:
            each.close()


def test_a_decoder_without_pictures_is_shown_as_vectors(models, tmp_path):
    page = serve(models, tmp_path, decoder=models["vector"], classifier=None)
    try:
        assert page.state()["images"] is False
        messages = Messages(page)
        page.ask(messages, 1)
        frames = messages.next("line")["frames"]
        assert "picture" not in frames and len(frames["vectors"]) == frames["count"]
        assert messages.next("answer")["report"]["output"]["type"] == "vector"
        status, answer = page.post("ask", client=1, number=2, **page.question(favor=["8"]))
        assert status == 400 and "--classifier" in answer["error"]
    finally:
        end(page)


@pytest.mark.parametrize("chosen, code, named", [
    ({"port": 0.5}, 2, "--port"), ({"port": 70000}, 2, "--port"), ({"favor": "8", "classifier": None}, 2, "classifier"),
    ({"favor": "none such"}, 2, "none such"), ({"decoder": "/no/such.pt"}, 3, "such.pt"), ({"from_": "seed:x"}, 2, "from"),
    ({"pairs": "x.npy"}, 2, "--pairs"),
])
def test_bad_options_end_with_a_sentence(models, tmp_path, chosen, code, named):
    settings = {"decoder": models["tanh"], "classifier": models["unit_classifier"], "quiet": True, **chosen}
    done = run("explore", *options(**settings), timeout=30)
    assert done.code == code and named in done.stderr and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_port_that_is_taken_is_refused(page, models, tmp_path):
    done = run("explore", *options(decoder=models["tanh"], port=page.port, quiet=True), timeout=30)
    assert done.code == 2 and f"--port {page.port}" in done.stderr
