"""Films and figures: what `interpolate --video` and `latentpath render` write, what they refuse, and that it comes before the search."""

import csv
import json
import shlex
import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest
import torch

from conftest import END, START, check_one_sentence, options, run


def boxes(data, begin=0, end=None):
    """(type, content) of the boxes of an MP4 file."""
    end = len(data) if end is None else end
    while begin + 8 <= end:
        size, kind = struct.unpack(">I4s", data[begin:begin + 8])
        assert 8 <= size <= end - begin, "a box that ends beyond its file"
        yield kind.decode("latin1"), data[begin + 8:begin + size]
        begin += size


def box(data, *path):
    for name in path:
        data = next(content for kind, content in boxes(data) if kind == name)
    return data


def mp4_facts(file):
    """(frames, seconds, width, height), and the order of the top boxes."""
    data = file.read_bytes()
    order = [kind for kind, _ in boxes(data)]
    movie = box(data, "moov")
    track = box(movie, "trak")
    scale, duration = struct.unpack(">II", box(track, "mdia", "mdhd")[12:20])
    frames = struct.unpack(">I", box(track, "mdia", "minf", "stbl", "stsz")[8:12])[0]
    width, height = struct.unpack(">II", box(track, "tkhd")[-8:])
    return frames, duration / scale, width / 65536, height / 65536, order


def gif_facts(file):
    """(frames, seconds, width, height), block by block."""
    data = file.read_bytes()
    assert data[:6] == b"GIF89a" and data[-1:] == b";"
    width, height, flags = struct.unpack("<HHB", data[6:11])
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames, hundredths = 0, 0
    while data[at:at + 1] != b";":
        if data[at:at + 2] == b"\x21\xf9":
            hundredths += struct.unpack("<H", data[at + 4:at + 6])[0]
        if data[at] == 0x21:
            at += 2
        else:
            assert data[at] == 0x2C
            frames += 1
            local = data[at + 9]
            at += 10 + (3 << (local & 7) + 1 if local & 0x80 else 0) + 1
        while data[at]:
            at += 1 + data[at]
        at += 1
    return frames, hundredths / 100, width, height


def apng_facts(file):
    """(frames, seconds, width, height), and how often it plays."""
    data, at, frames, seconds = file.read_bytes(), 8, 0, 0.0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", content[:8])
        if kind == b"acTL":
            count, plays = struct.unpack(">II", content)
        if kind == b"fcTL":
            numerator, denominator = struct.unpack(">HH", content[20:24])
            frames, seconds = frames + 1, seconds + numerator / (denominator or 100)
        at += 12 + length
    assert count == frames and plays == 0
    return frames, seconds, width, height


@pytest.fixture(scope="module")
def filmed(models, tmp_path_factory):
    """A run of two pairs, with a film made on the way; to be looked at, not changed."""
    folder = tmp_path_factory.mktemp("filmed")
    np.save(folder / "pairs.npy", np.array([[[-1.2, -0.8], [1.3, -0.6]], [[-0.9, 0.4], [1.0, -1.1]]], np.float32))
    result = run("interpolate", *options(decoder=models["tanh"], classifier=models["unit_classifier"], favor=8,
                                         pairs=folder / "pairs.npy", segments=8, max_iterations=5, threads=1, strips=0,
                                         report_frames=3, out=folder / "run", video=folder / "film.mp4", seconds=0.5, fps=20,
                                         size=64, hold=0.1, quiet=True), out=folder / "run").ok()
    return folder, result


def rendered(folder, *arguments, **more):
    return run("render", folder / "run", *arguments, *options(threads=1, **more))


def test_the_film_of_an_interpolation(filmed):
    folder, result = filmed
    frames, seconds, width, height, order = mp4_facts(folder / "film.mp4")
    assert frames == 14 and seconds == pytest.approx(0.7) and order.index("moov") < order.index("mdat")
    assert width > 2 * 64 and height >= 64 and width % 2 == height % 2 == 0
    assert sorted(entry.name for entry in folder.iterdir()) == ["film.mp4", "pairs.npy", "run"]
    assert "film" not in " ".join(result.document["options"]) and "film: " not in result.stdout


def test_films_afterwards(filmed, tmp_path):
    folder, _ = filmed
    result = rendered(folder, video=tmp_path / "one.mp4", seconds=0.5, fps=20, size=96, film_pairs=1).ok()
    assert mp4_facts(tmp_path / "one.mp4")[:4] == (10, pytest.approx(0.5), 96, 96)
    assert result.stdout.startswith("film: 10 frames of 96 x 96 pixels, 0.5 s")
    rendered(folder, video=tmp_path / "three.gif", seconds=0.5, fps=20, rows="ours,linear,spherical", quiet=True).ok()
    frames, seconds, width, height = gif_facts(tmp_path / "three.gif")
    assert (frames, seconds) == (10, pytest.approx(0.5)) and width > height
    rendered(folder, video=tmp_path / "odd.apng", seconds=0.5, fps=20, size=33, film_pairs=1).ok()
    assert apng_facts(tmp_path / "odd.apng") == (10, pytest.approx(0.5), 33, 33)
    rendered(folder, video=tmp_path / "x.webm", seconds=0.5, fps=20, size=64).ok()
    assert (tmp_path / "x.webm").read_bytes()[:4] == b"\x1a\x45\xdf\xa3"
    rendered(folder, frames_dir=tmp_path / "frames", seconds=0.5, fps=20).ok()
    assert [frame.name for frame in sorted((tmp_path / "frames").iterdir())] == [f"frame-{k:05}.png" for k in range(1, 11)]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["frames", "odd.apng", "one.mp4", "three.gif", "x.webm"]


def test_every_frame_is_a_decoded_point_of_the_path(filmed, models, tmp_path):
    """Frames at the decoder's own size are what Python decodes at times that share the path's length out evenly."""
    folder, _ = filmed
    rendered(folder, frames_dir=tmp_path / "frames", seconds=0.5, fps=20, size=28, film_pairs=1).ok()
    nodes, times = np.load(folder / "run" / "path.npy")[0].astype(np.float64), np.load(folder / "run" / "times.npy")
    decode = models.load("tanh")

    def images(at):
        points = np.stack([np.interp(at, times, column) for column in nodes.T], 1)
        with torch.no_grad():
            return decode(torch.tensor(points, dtype=torch.float32))[:, 0].numpy()

    fine = np.linspace(0, 1, 4001)
    steps = np.linalg.norm(np.diff(images(fine).reshape(4001, -1).astype(np.float64), axis=0), axis=1)
    arc = np.concatenate([[0], np.cumsum(steps)])
    truth = images(np.interp(np.linspace(0, arc[-1], 10), arc, fine))
    for k in range(10):
        shown = read_png(tmp_path / "frames" / f"frame-{k + 1:05}.png")
        # The program measures lengths on a coarser grid: times differ by a thousandth, bytes by what that moves.
        assert np.abs(shown - 255 * (truth[k] + 1) / 2).max() < 6, k


def read_png(file, channel=0):
    """A channel of an 8-bit PNG, [H, W], unless another one is asked for the red one."""
    data, at, packed = file.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", content[:10])
        if kind == b"IDAT":
            packed += content
        at += 12 + length
    assert depth == 8 and colour == 2
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    rows = np.zeros((height, 3 * width), np.int64)
    for y in range(height):
        line, above = raw[y, 1:].astype(np.int64), rows[y - 1] if y else np.zeros(3 * width, np.int64)
        for x in range(3 * width):
            left, corner = (rows[y, x - 3], above[x - 3]) if x >= 3 else (0, 0)
            guess = left + above[x] - corner
            nearest = min((left, above[x], corner), key=lambda value: abs(guess - value))
            rows[y, x] = (line[x] + (0, left, above[x], (left + above[x]) // 2, nearest)[raw[y, 0]]) % 256
    return rows.reshape(height, width, 3)[:, :, channel]


def test_tables_of_many_pairs(filmed):
    folder, result = filmed
    rows = list(csv.DictReader((folder / "run" / "paths.csv").open()))
    assert [(row["pair"], row["curve"]) for row in rows] == [(str(p), c) for p in range(2) for c in ("ours", "linear", "spherical")]
    for row in rows:
        figures = result.pairs[int(row["pair"])]["path" if row["curve"] == "ours" else row["curve"]]
        for name in ("cost_refined", "mean_class_probability", "min_quality"):
            assert float(row[name]) == figures[name]
    table = {row["curve"]: row for row in csv.DictReader((folder / "run" / "table.csv").open())}
    for curve, key in (("ours", "path"), ("linear", "linear"), ("spherical", "spherical")):
        costs = [pair[key]["cost_refined"] for pair in result.pairs]
        assert float(table[curve]["cost_refined"]) == pytest.approx(np.mean(costs), rel=1e-12)
        assert float(table[curve]["cost_refined_se"]) == pytest.approx(np.std(costs, ddof=1) / 2**0.5, rel=1e-12)
    markdown, latex = ((folder / "run" / f"table.{ending}").read_text() for ending in ("md", "tex"))
    assert markdown.startswith("| curve | refined cost | ") and markdown.count("\n") == 5
    assert "\\toprule" in latex and latex.count("$\\pm$") == markdown.count("±") > 10


def test_figures_afterwards(filmed, tmp_path):
    folder, _ = filmed
    result = rendered(folder, strip=tmp_path / "strip.pdf", curves=tmp_path / "curves.svg", only="linear,ours", pair=2,
                      class_names="zero,one,two,three,four,five,six,seven,eight", frames=5).ok()
    assert [line.split()[-1] for line in result.stdout.splitlines()] == [str(tmp_path / "strip.pdf"), str(tmp_path / "curves.svg")]
    document = (tmp_path / "strip.pdf").read_bytes()
    assert document.startswith(b"%PDF-") and b"/FontFile" in document  # fonts are in it
    if shutil.which("pdftotext"):
        said = subprocess.run(["pdftotext", tmp_path / "strip.pdf", "-"], capture_output=True, text=True, check=True).stdout
        assert "P(eight)" in said and "LatentPath" in said and "great circle" not in said
        fonts = subprocess.run(["pdffonts", tmp_path / "strip.pdf"], capture_output=True, text=True, check=True).stdout
        assert all(line.split()[-5] == "yes" for line in fonts.splitlines()[2:]) and len(fonts.splitlines()) > 2  # embedded
    assert b"<svg" in (tmp_path / "curves.svg").read_bytes()
    rendered(folder, strip=tmp_path / "strip.png").ok()
    assert (tmp_path / "strip.png").read_bytes().startswith(b"\x89PNG")
    for chosen, mentioned in (({"strip": "x.jpg"}, ".pdf"), ({"curves": tmp_path / "none" / "x.pdf"}, "does not exist"),
                              ({"strip": tmp_path / "x.pdf", "pair": 3}, "--pair"), ({"strip": tmp_path / "x.pdf", "only": "all"}, "--only"),
                              ({"strip": tmp_path / "x.pdf", "class_names": "zero,one"}, "has 2 names, and the run asks for class 8"),
                              ({"strip": tmp_path / "x.pdf", "curves": f"{tmp_path}/./x.pdf"}, "one file")):
        refused = rendered(folder, "--quiet", **chosen)
        assert refused.code == 2
        check_one_sentence(refused, mentioned)
    assert {entry.name for entry in tmp_path.iterdir()} == {"strip.pdf", "curves.svg", "strip.png"}


REFUSED = {
    "ending": ({"video": "film.avi"}, ["film.avi", ".webm"]),
    "no ending": ({"video": "film"}, [".mp4"]),
    "no folder": ({"video": "nowhere/film.mp4"}, ["nowhere", "does not exist"]),
    "odd size": ({"video": "film.mp4", "size": 511}, ["--size", "even", "510", "512"]),
    "a GIF of 60": ({"video": "film.gif", "fps": 60}, [".gif", "50", "--fps"]),
    "fps": ({"video": "film.mp4", "fps": 0}, ["--fps", "0.1"]),
    "seconds": ({"video": "film.mp4", "seconds": 0}, ["--seconds"]),
    "one frame": ({"video": "film.mp4", "seconds": 0.01}, ["two frames"]),
    "too long": ({"video": "film.mp4", "seconds": 30000}, ["100000"]),
    "hold": ({"video": "film.mp4", "hold": -1}, ["--hold"]),
    "row": ({"video": "film.mp4", "rows": "ours,curved"}, ["--rows", "curved"]),
    "row twice": ({"video": "film.mp4", "rows": "ours,ours"}, ["--rows", "twice"]),
    "size": ({"video": "film.mp4", "size": 4}, ["--size"]),
    "a folder of files": ({"frames_dir": "."}, ["--frames-dir", "no empty folder"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_film_can_be_is_refused_before_the_search(case, tmp_path):
    """Before any model is looked for: the decoder here does not exist."""
    chosen, mentioned = REFUSED[case]
    (tmp_path / "here").write_text("")
    for subcommand in (["interpolate", *options(decoder="nobody", from_=START, to=END)], ["render", "no-run"]):
        result = run(*subcommand, *options(**chosen), cwd=tmp_path)
        assert result.code == 2
        check_one_sentence(result, *mentioned)
    assert [entry.name for entry in tmp_path.iterdir()] == ["here"]


def test_what_cannot_be_rendered_is_refused(filmed, models, tmp_path):
    folder, _ = filmed

    def refused(code, *mentioned, source=folder / "run", **chosen):
        result = run("render", source, *options(threads=1, quiet=True, **chosen))
        assert result.code == code, result.stderr
        check_one_sentence(result, *mentioned)
        assert not (tmp_path / "x.mp4").exists()

    film = tmp_path / "x.mp4"
    refused(2, "--video", "--frames-dir")
    refused(3, "no run.json", source=tmp_path, video=film)
    gone = tmp_path / "gone"
    shutil.copytree(folder / "run", gone)
    document = json.loads((gone / "run.json").read_text())
    document["options"]["decoder"] = "elsewhere/generator.pt"
    (gone / "run.json").write_text(json.dumps(document))
    refused(3, gone, "elsewhere/generator.pt", "--decoder", source=gone, video=film)
    refused(3, "nobody", source=gone, video=film, decoder="nobody")
    refused(2, "makes no images", source=gone, video=film, decoder=models["vector"])
    run("render", gone, *options(threads=1, video=film, decoder=models["tanh"], fps=10, seconds=0.3, size=32)).ok()
    film.unlink()
    (gone / "path.npy").unlink()
    refused(3, "path.npy", source=gone, video=film)
    geodesic = tmp_path / "geodesic"
    run("geodesic", "--example", "1", "--out", geodesic, "--quiet", "--pictures", "0", "--reference", "off").ok()
    refused(3, "latentpath geodesic", source=geodesic, video=film)


def test_settings_of_a_film_that_is_not_asked_for_are_told(models, tmp_path):
    result = run("interpolate", *options(decoder=models["tanh"], from_=START, to=END, segments=4, max_iterations=1, threads=1,
                                         fps=12)).ok()
    assert "--fps changes nothing here" in result.stderr


def test_the_command_of_a_run_makes_it_again(filmed, tmp_path):
    """run.json says the command; it makes the same path, and so the same film."""
    folder, result = filmed
    words = shlex.split(result.document["command"])
    assert words[:2] == ["latentpath", "interpolate"] and "--out" not in words
    again = run(*words[1:], "--quiet", "--out", tmp_path / "run", out=tmp_path / "run").ok()
    assert again.document["command"] == result.document["command"]
    assert (tmp_path / "run" / "path.npy").read_bytes() == (folder / "run" / "path.npy").read_bytes()
    film = {"seconds": 0.5, "fps": 20, "size": 64, "hold": 0.1}
    rendered(tmp_path, video=tmp_path / "film.mp4", **film).ok()
    assert (tmp_path / "film.mp4").read_bytes() == (folder / "film.mp4").read_bytes()
    page = json.loads((folder / "run" / "report" / "data.json").read_text())
    assert page["command"].startswith("latentpath interpolate --decoder ") and str(folder) not in page["command"]


SMALL = {"segments": 8, "max_iterations": 5, "threads": 1, "from_": START, "to": END, "seconds": 0.5, "fps": 20, "size": 32}


def test_a_film_in_the_run_folder_that_is_yet_to_be(models, tmp_path):
    out = tmp_path / "runs" / "new"
    result = run("interpolate", *options(decoder=models["tanh"], out=out, video=out / "film.mp4", frames_dir=out / "pictures/",
                                         **SMALL), out=out).ok()
    assert mp4_facts(out / "film.mp4")[0] == 10
    assert len(list((out / "pictures").glob("frame-*.png"))) == 10
    assert str(out / "film.mp4") in result.stdout and "partial" not in result.stdout
    assert {"run.json", "path.npy", "report.html"} <= {file.name for file in out.iterdir()}
    assert [each.name for each in (tmp_path / "runs").iterdir()] == ["new"]
    # The same bytes as of a film that lies elsewhere, which is written beside it.
    again = tmp_path / "again"
    run("interpolate", *options(decoder=models["tanh"], out=again, video=tmp_path / "film.mp4", frames_dir=again / "p", **SMALL)).ok()
    assert (tmp_path / "film.mp4").read_bytes() == (out / "film.mp4").read_bytes()
    assert (again / "p").is_dir() and not (again / "film.mp4").exists()
    # A relative name, a run that is replaced.
    run("interpolate", *options(decoder=models["tanh"], out="again", video="./again/film.gif", overwrite=True, **SMALL),
        cwd=tmp_path).ok()
    assert (again / "film.gif").exists() and not (again / "p").exists()


def test_a_film_that_cannot_be_leaves_the_run_whole(models, tmp_path):
    out = tmp_path / "run"
    result = run("interpolate", *options(decoder=models["vector"], out=out, video=out / "film.mp4", quiet=True, **SMALL))
    assert result.code == 2 and "makes no images" in result.stderr
    assert (out / "run.json").exists() and not (out / "film.mp4").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("film, words", [
    ({"video": "run/film.avi"}, ["film.avi", ".webm"]),
    ({"video": "run/frames/film.mp4"}, ["--video", "run's own"]),
    ({"frames_dir": "run/frames"}, ["--frames-dir", "run's own"]),
    ({"frames_dir": "run/report/"}, ["--frames-dir", "run's own"]),
    ({"video": "run/../other/film.mp4"}, ["other", "does not exist"]),
    ({"video": "run/film.mp4", "out": None}, ["run", "does not exist"]),
])
def test_what_is_no_place_in_a_run_folder_is_refused_before_the_search(models, tmp_path, film, words):
    result = run("interpolate", *options(**{"decoder": models["tanh"], "out": "run", **SMALL, **film}), cwd=tmp_path)
    assert result.code == 2, result.stderr
    check_one_sentence(result, *words)
    assert list(tmp_path.iterdir()) == []


def test_the_film_of_measures(tmp_path):
    """A cloud that moves to the right: its film, made at once and afterwards, and single frames."""
    left = np.random.default_rng(1).normal(size=(40, 2)) * 0.2
    np.save(tmp_path / "left.npy", left)
    np.save(tmp_path / "right.npy", left + [4, 0])
    film = {"fps": 10, "seconds": 1, "hold": 0.2, "size": 200}
    out = tmp_path / "run"
    result = run("measures", *options(from_=tmp_path / "left.npy", to=tmp_path / "right.npy", kind="displacement", steps=4, threads=1,
                                      out=out, video=out / "film.mp4", frames_dir=out / "pictures", **film), out=out).ok()
    assert mp4_facts(out / "film.mp4")[:4] == (14, pytest.approx(1.4), 200, 200)
    assert "film: 14 frames of 200 x 200 pixels, 1.4 s" in result.stdout
    frames = [read_png(out / "pictures" / f"frame-{k:05}.png", channel=slice(None)) for k in range(1, 15)]
    assert (frames[0] == frames[2]).all() and (frames[-1] == frames[-3]).all() and (frames[0] != frames[-1]).any()
    where = []
    for frame in frames[2:-2]:  # the ends stand still for two frames more
        blue = (frame[:, :, 2] - frame[:, :, 0] > 120) & (np.arange(200)[:, None] > 20)
        where.append(np.nonzero(blue)[1].mean())
    assert np.allclose(np.diff(where), np.diff(where).mean(), atol=0.5) and where[-1] - where[0] > 100
    pale = frames[7].astype(int)  # start and end are there all the time
    assert ((pale[:, :, 0] > 220) & (pale[:, :, 2] < 190)).any() and ((pale[:, :, 1] < 220) & (pale[:, :, 2] > 200) & (pale[:, :, 0] > 200)).any()
    run("render", out, *options(threads=1, video=tmp_path / "again.mp4", frames_dir=tmp_path / "again", **film)).ok()
    assert (tmp_path / "again.mp4").read_bytes() == (out / "film.mp4").read_bytes()
    run("render", out, *options(video=tmp_path / "x.gif", fps=10, seconds=0.5)).ok()
    assert gif_facts(tmp_path / "x.gif") == (5, pytest.approx(0.5), 512, 512)
    for chosen, mentioned in (({"rows": "linear", "video": "x.mp4"}, "--rows"), ({"film_spacing": "time", "video": "x.mp4"}, "--film-spacing"),
                              ({"strip": "x.png"}, "--strip"), ({"decoder": "d", "video": "x.mp4"}, "--decoder")):
        refused = run("render", out, *options(**chosen), cwd=tmp_path)
        assert refused.code == 2
        check_one_sentence(refused, mentioned)
    refused = run("measures", *options(example=1, rows="ours", video=tmp_path / "y.mp4"))
    assert refused.code == 2
    check_one_sentence(refused, "--rows")
    assert {entry.name for entry in tmp_path.iterdir()} == {"left.npy", "right.npy", "run", "again.mp4", "again", "x.gif"}


@pytest.mark.parametrize("kind, dimension", [("mixture", 2), ("mmd", 5), ("displacement", 1)])
def test_films_of_any_measures(kind, dimension, tmp_path):
    numbers = np.random.default_rng(2)
    np.save(tmp_path / "a.npy", numbers.normal(size=(20, dimension)))
    np.save(tmp_path / "b.npy", numbers.normal(size=(30, dimension)) + 3)
    run("measures", *options(from_=tmp_path / "a.npy", to=tmp_path / "b.npy", kind=kind, steps=3, threads=1, quiet=True,
                             out=tmp_path / "run", video=tmp_path / "x.webm", fps=10, seconds=0.3)).ok()
    run("render", tmp_path / "run", *options(frames_dir=tmp_path / "frames", fps=10, seconds=0.3, size=64, threads=1)).ok()
    assert len({file.read_bytes() for file in (tmp_path / "frames").iterdir()}) == 3
