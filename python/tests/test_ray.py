"""cluster.evaluate() on Ray: nodes are raylets of this machine. python/tests/run_cluster makes an environment with Ray."""

import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys

import pytest

ray = pytest.importorskip("ray", reason="ray is not installed: python/tests/run_cluster makes an environment that has it")

import latentpath as lp
from cluster_tables import TABLE, Slow, asked_of, by_one_process, check_same_tables, save_models, wait_for
from latentpath import _ray_workers, cluster

ASKED = {**TABLE, "methods": "linear"}
LONGER = TABLE  # not finished before another node has told of itself
STORE = 80_000_000  # bytes of an object store, the least that Ray takes
HERE = pathlib.Path(__file__).parent


class Nodes:
    """Raylets on loopback: nodes of one core each. Ray takes 127.0.0.1 for a name of the machine's other address."""

    def __init__(self, folder):
        from ray._private.utils import get_ray_address_file
        from ray.cluster_utils import Cluster

        # Where Ray writes the address to, wherever its folder is; of its own it does not make that place.
        pathlib.Path(get_ray_address_file(None)).parent.mkdir(parents=True, exist_ok=True)
        self.cluster = Cluster(initialize_head=True, shutdown_at_exit=True, head_node_args={
            "num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False, "temp_dir": str(folder), "node_name": "first",
            "node_ip_address": "127.0.0.2",
            # A node that is gone is noticed in a second, and not in fifteen.
            "_system_config": {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500,
                               "health_check_failure_threshold": 2}})
        self.address = self.cluster.address

    def names(self):
        return {node["NodeName"] for node in self.cluster.global_state.node_table() if node["Alive"]}

    def add(self, name, **more):
        return self.cluster.add_node(num_cpus=1, object_store_memory=STORE, include_dashboard=False, node_name=name,
                                     node_ip_address="127.0.0.3", **more)

    def add_apart(self, name, mounts, **environment):
        """A node that sees other files: mounts are commands in a mount namespace of its own. Needs root."""
        start = [sys.executable, "-m", "ray.scripts.scripts", "start", f"--address={self.address}", "--num-cpus=1", "--block",
                 f"--object-store-memory={STORE}", f"--node-name={name}", "--node-ip-address=127.0.0.4"]
        script = " && ".join([*mounts, 'exec "$@"'])
        process = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *start],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        wait_for(lambda: name in self.names() or process.poll() is not None)
        if process.poll() is not None:
            pytest.skip("files of a node's own need root")
        return process

    def kill(self, node):
        self.cluster.remove_node(node, allow_graceful=False)


@pytest.fixture(scope="module")
def nodes():
    before = dict(os.environ)
    # Workers import what the tests import; a token of these tests' own, so that Ray writes none into anybody's home.
    os.environ["PYTHONPATH"] = os.pathsep.join([*filter(None, sys.path), str(HERE)])
    os.environ.update(RAY_AUTH_TOKEN=secrets.token_hex(32), RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0", OMP_NUM_THREADS="1")
    folder = pathlib.Path("/tmp") / f"lp-ray-{os.getpid()}"  # a socket's path has little room
    started = Nodes(folder)
    yield started
    started.cluster.shutdown()
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return save_models(tmp_path_factory.mktemp("models"), Slow)


@pytest.fixture(scope="module")
def one(models, tmp_path_factory):
    return by_one_process(models, tmp_path_factory.mktemp("one") / "run", **ASKED)


@pytest.fixture(scope="module")
def longer(models, tmp_path_factory):
    return by_one_process(models, tmp_path_factory.mktemp("longer") / "run", **LONGER)


def workers():
    """How many processes of Ray there are that compute shards."""
    found = 0
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += file.read_bytes().startswith(b"ray::ShardWorker")
        except OSError:
            pass
    return found


def test_a_worker_that_is_killed_and_a_node_that_dies(nodes, models, longer, tmp_path, monkeypatch):
    second = nodes.add("second")
    heard, killed, dead = [], [], []
    hand_over = _ray_workers.Cluster.compute

    def disturb(engine, actor, shard):
        """Either is lost with the first shard that it is handed. The worker of the node `first` not before the other is there:
        alone, it could be started again and do all the work before."""
        hand_over(engine, actor, shard)
        if "node second" in actor.name and not dead:
            dead.append(second)
            nodes.kill(second)
        elif "node first" in actor.name and not killed:
            wait_for(lambda: dead or workers() >= 2)
            killed.append(actor.about["pid"])
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(_ray_workers.Cluster, "compute", disturb)
    with pytest.warns(lp.LatentPathWarning):
        table = cluster.evaluate(*asked_of(models), out=tmp_path / "run", address=nodes.address,
                                 progress=lambda *told: heard.append(told[1]), **LONGER)
    check_same_tables(longer, tmp_path / "run")
    assert heard == list(range(1, 7))
    assert any(f"process {killed[0]}" in told and "computed again" in told for told in table.incidents), table.incidents
    # Ray may tell of the worker before it knows that the node is gone.
    assert any("node second" in told and f"process {killed[0]}" not in told for told in table.incidents), table.incidents


DRIVER = """
import sys
sys.path[:0] = {path!r}
from cluster_tables import *
from latentpath import cluster
cluster.evaluate(*asked_of({models!r}), out={out!r}, address={address!r}, **{{**TABLE, "methods": "linear"}})
"""


def test_a_driver_that_is_killed_is_gone_on_with(nodes, models, one, tmp_path):
    out, finished = tmp_path / "run", tmp_path / "run.shards"
    script = DRIVER.format(path=sys.path, models=models, out=str(out), address=nodes.address)
    driver = subprocess.Popen([sys.executable, "-c", script])
    wait_for(lambda: len(list(finished.glob("shard-*/run.json"))) >= 2 or driver.poll() is not None)
    driver.kill()
    assert driver.wait() == -signal.SIGKILL
    kept = len(list(finished.glob("shard-*/run.json")))
    heard = []
    cluster.evaluate(*asked_of(models), out=out, address=nodes.address, resume=True, progress=lambda *told: heard.append(told[1]),
                     **ASKED)
    assert heard == list(range(kept + 1, 7)) and 2 <= kept < 6
    check_same_tables(one, out)


def test_a_node_of_another_version_is_named_and_left_out(nodes, models, longer, tmp_path):
    package = tmp_path / "older" / "latentpath"
    package.mkdir(parents=True)
    for file in pathlib.Path(lp.__file__).parent.iterdir():
        if file.name not in ("_core.py", "__pycache__"):
            (package / file.name).symlink_to(file.resolve())
    core = pathlib.Path(lp._core.__file__).read_text().replace("with_name(", "resolve().with_name(")
    (package / "_core.py").write_text(core + '\n__version__ = "0.0.9"\n')
    second = nodes.add("older", env_vars={"PYTHONPATH": os.pathsep.join([str(package.parent), os.environ["PYTHONPATH"]])})
    try:
        with pytest.warns(lp.LatentPathWarning, match="node older .* has LatentPath 0.0.9 .* install the same there"):
            table = cluster.evaluate(*asked_of(models), out=tmp_path / "run", address=nodes.address, **LONGER)
        assert len(table.incidents) == 1
        check_same_tables(longer, tmp_path / "run")
    finally:
        nodes.kill(second)


def test_a_node_without_the_model_is_sent_it_or_named(nodes, models, one, longer, tmp_path):
    """A node of its own file systems: without the models, and with a disk that they do not fit on."""
    folder = pathlib.Path(models[0]).parent
    small = tmp_path / "small"
    small.mkdir()
    lacking = nodes.add_apart("apart", [f"mount -t tmpfs none {folder}", f"mount -t tmpfs -o size=64k none {small}"])
    try:
        with pytest.warns(lp.LatentPathWarning, match="node apart .* has no file .*decoder.pt: put it there"):
            table = cluster.evaluate(*asked_of(models), out=tmp_path / "kept", address=nodes.address, send_models=False, **LONGER)
        # The node of the test before may be noticed to be gone only now.
        assert len([incident for incident in table.incidents if "node apart" in incident]) == 1
        table = cluster.evaluate(*asked_of(models), out=tmp_path / "sent", address=nodes.address, **ASKED)
        assert table.incidents == []
        check_same_tables(longer, tmp_path / "kept")
        check_same_tables(one, tmp_path / "sent")
        run = (tmp_path / "sent" / "run.json").read_text()
        assert str(folder) in run and f"latentpath-{os.getuid()}" not in run
    finally:
        lacking.terminate()
        lacking.wait()
    wait_for(lambda: "apart" not in nodes.names())
    full = nodes.add_apart("full", [f"mount -t tmpfs none {folder}", f"mount -t tmpfs -o size=4k none {small}"], TMPDIR=str(small))
    try:
        with pytest.warns(lp.LatentPathWarning, match="node full .* has no room for the models .*small: make room there"):
            cluster.evaluate(*asked_of(models), out=tmp_path / "full", address=nodes.address, **LONGER)
        check_same_tables(longer, tmp_path / "full")
    finally:
        full.terminate()
        full.wait()


def test_nobody_left_and_no_room_are_sentences(nodes, models, tmp_path):
    with pytest.raises(cluster.ClusterError, match="no node has room for a worker"):
        cluster.evaluate(*asked_of(models), out=tmp_path / "run", address=nodes.address, cpus=64, **{**TABLE, "threads": 1})
    with pytest.raises(lp.ArgumentError, match="has no class '7'"):
        cluster.evaluate(models[0], lp.favor(models[1], 7), out=tmp_path / "other", address=nodes.address, **ASKED)
    assert not list(tmp_path.glob("*/run.json"))
