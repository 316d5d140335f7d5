"""The engine of cluster.evaluate() on Ray: an actor for each worker, with the models loaded once.

Actors and not tasks: an actor keeps models, ends and via points from one shard to the next, and whoever has handed it a shard
knows where it was computed when it is lost. A node is given its actors by name, so that one that cannot take part is left out.
"""

import errno
import hashlib
import itertools
import os
import pathlib
import platform
import socket
import stat
import tempfile
import time

import numpy

from ._core import TORCH_VERSION, __version__
from ._errors import LatentPathError
from ._workers import Done, Failed, Lost, Refused

_LOOK = 2.0  # seconds between two looks at which nodes there are


def processor():
    """Which vector instructions matrix products use: those of different kinds round differently."""
    try:
        flags = set(pathlib.Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split())
    except (OSError, IndexError):
        return platform.machine()
    return next((name for name in ("avx512f", "avx2", "avx") if name in flags), platform.machine())


class NodeError(Exception):
    """Why a node cannot take part."""


def _own_folder():
    """A folder of this user for models that were sent to this node."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"latentpath-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise NodeError(f"cannot keep models in {folder}, which somebody else made: set TMPDIR where Ray is started there")
    return folder


def _has(file, digest):
    from .shards import sha256

    return os.path.isfile(file) and sha256(file) == digest


def _write(file, content):
    """Whole or not at all; two workers of a node may do so at once."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        part.write_bytes(memoryview(content))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def places_of(job, contents):
    """Where the files of a job are on this node, {path: path}: those of the same name where they have the same bytes, else
    copies of what was sent. contents: {path: a function that gives its bytes}, or None where none are sent."""
    own = {path: os.path.abspath(path) for path in job.files}
    lacking = [path for path, digest in job.files.items() if not _has(own[path], digest)]
    if not lacking:
        return own
    if contents is None:
        state = "has other bytes in" if os.path.isfile(own[lacking[0]]) else "has no file"
        raise NodeError(f"{state} {own[lacking[0]]}: put it there, or let it be sent (send_models=True)")
    # All of them, so that what stands beside a model does so here.
    name = hashlib.sha256("".join(f"{path} {digest}\n" for path, digest in sorted(job.files.items())).encode()).hexdigest()
    folders = {folder: str(n) for n, folder in enumerate(sorted({os.path.dirname(path) for path in own.values()}))}
    places = {}
    for path, digest in job.files.items():
        place = _own_folder() / name / folders[os.path.dirname(own[path])] / os.path.basename(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not _has(place, digest):
            _write(place, contents[path]())
        places[path] = str(place)
    return places


class ShardWorker:
    """What runs on a node."""

    def __init__(self):
        self._evaluator = None

    def about(self):
        return {"latentpath": __version__, "torch": TORCH_VERSION, "pid": os.getpid(), "host": socket.gethostname(),
                "processor": processor()}

    def open(self, text, contents):
        """Loads the models. {}, or {"error": …}, or {"node": why this node cannot take part}."""
        import ray

        from ._shard_process import error_as_data
        from .shards import Evaluator, Job

        try:
            job = Job.from_text(text)
            fetch = contents and {path: lambda ref=ref: ray.get(ref) for path, ref in contents.items()}
            self._evaluator = Evaluator(job.with_files(places_of(job, fetch)))
        except NodeError as error:
            return {"node": str(error)}
        except OSError as error:
            return {"node": _of_the_disk(error)}
        except LatentPathError as error:
            return error_as_data(error)
        return {}

    def compute(self, shard):
        """The shard's ends and record, or {"error": …}."""
        from ._shard_process import error_as_data

        try:
            ends, text = self._evaluator.compute(shard)
        except LatentPathError as error:
            return error_as_data(error)
        return {"ends": ends.numpy(), "record": text.encode()}


def _of_the_disk(error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"has no room for the models in {tempfile.gettempdir()}: make room there, or set TMPDIR where Ray is started there"
    return f"cannot keep the models: {error.strerror} ({error.filename})"


class _Actor:
    def __init__(self, number, node, handle):
        self.number, self.node, self.handle = number, node["NodeID"], handle
        self.shard, self.about = None, None
        self._place = name_of(node)

    @property
    def name(self):
        process = f" (process {self.about['pid']})" if self.about else ""
        return f"worker {self.number}{process} on {self._place}"


def name_of(node):
    """A node for people: its name, where it was given one, its address, and the beginning of Ray's identity of it."""
    named = node.get("NodeName") or node["NodeManagerAddress"]
    address = node["NodeManagerAddress"]
    return f"node {named} ({'' if named == address else address + ', '}{node['NodeID'][:8]})"


class Cluster:
    """Actors on the nodes of a Ray cluster."""

    def __init__(self, job, address, workers, cpus, gpus, send_models):
        import ray

        self._ray = ray
        self._own_connection = not ray.is_initialized()
        if self._own_connection:
            local = {"include_dashboard": False} if address == "local" else {}
            ray.init(address=address, log_to_driver=False, logging_level="warning", **local)
        self._job, self._workers_wanted = job, workers
        self._needs = {"num_cpus": cpus, **({"num_gpus": gpus} if gpus else {})}
        self._contents = None
        if send_models:
            self._contents = {path: ray.put(numpy.fromfile(path, numpy.uint8)) for path in job.files}
        self._actor = ray.remote(ShardWorker)
        self._numbers = itertools.count(1)
        self._pending = {}  # reference: (actor, what it was asked)
        self._dismissed, self._told, self._looked, self._nodes = set(), set(), 0.0, []
        self._actors = []
        self.idle = []
        self._look()

    def _look(self):
        if time.monotonic() - self._looked > _LOOK:
            self._nodes = [node for node in self._ray.nodes() if node["Alive"]]
            self._looked = time.monotonic()

    def _room(self, node):
        """How many workers a node has room for."""
        has = node["Resources"]
        rooms = [has.get("CPU", 0) // self._needs["num_cpus"]]
        if "num_gpus" in self._needs:
            rooms.append(has.get("GPU", 0) // self._needs["num_gpus"])
        return int(min(rooms))

    def describe(self):
        return f"{sum(map(self._room, self._nodes))} workers on {len(self._nodes)} nodes"

    def keep(self, wanted):
        """Starts actors where there is room, node by node in turn, until there are as many as there is work for."""
        self._look()
        wanted = wanted if self._workers_wanted is None else min(wanted, self._workers_wanted)
        free = {n["NodeID"]: self._room(n) - sum(a.node == n["NodeID"] for a in self._actors) for n in self._nodes
                if n["NodeID"] not in self._dismissed}
        while len(self._actors) < wanted and any(room > 0 for room in free.values()):
            for node in self._nodes:
                if free.get(node["NodeID"], 0) > 0 and len(self._actors) < wanted:
                    free[node["NodeID"]] -= 1
                    self._start(node)

    def _start(self, node):
        where = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        handle = self._actor.options(max_restarts=0, scheduling_strategy=where, **self._needs).remote()
        actor = _Actor(next(self._numbers), node, handle)
        self._actors.append(actor)
        self._pending[handle.about.remote()] = (actor, "about")

    def exhausted(self):
        return not self._actors and not any(
            self._room(node) > 0 for node in self._nodes if node["NodeID"] not in self._dismissed)

    def dismiss(self, node):
        """No worker there any more."""
        self._dismissed.add(node)
        for actor in [actor for actor in self._actors if actor.node == node and actor.shard is None]:
            self._forget(actor)

    def _forget(self, actor):
        if actor in self._actors:
            self._actors.remove(actor)
        if actor in self.idle:
            self.idle.remove(actor)
        self._pending = {ref: asked for ref, asked in self._pending.items() if asked[0] is not actor}
        self._ray.kill(actor.handle)

    def compute(self, actor, shard):
        actor.shard = shard
        self._pending[actor.handle.compute.remote(shard)] = (actor, "compute")

    def events(self, timeout):
        if not self._pending:
            time.sleep(min(timeout, 0.2))
            return []
        ready, _ = self._ray.wait(list(self._pending), num_returns=1, timeout=timeout)
        events = []
        for reference in ready:
            actor, asked = self._pending.pop(reference)
            shard, actor.shard = actor.shard, None
            try:
                answer = self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                events.append(self._failure(actor, shard, error))
                self._forget(actor)
                continue
            event = getattr(self, f"_after_{asked}")(actor, shard, answer)
            if event is not None:
                events.append(event)
                if isinstance(event, Refused):
                    self._forget(actor)
        return events

    def _after_about(self, actor, _, about):
        actor.about = about
        ours = self._job.versions
        theirs = {name: about[name] for name in ours}
        if theirs != ours:
            return Refused(actor, None, f"has {_versions(theirs)}, and here is {_versions(ours)}: install the same there")
        self._pending[actor.handle.open.remote(self._job.text, self._contents)] = (actor, "open")
        return None

    def _after_open(self, actor, _, answer):
        if "node" in answer:
            return Refused(actor, None, answer["node"])
        if "error" in answer:
            return Failed(actor, None, answer["error"])
        self.idle.append(actor)
        return None

    def _after_compute(self, actor, shard, answer):
        self.idle.append(actor)
        if "error" in answer:
            return Failed(actor, shard, answer["error"])

        def save(folder):
            import torch

            from .shards import write

            write(torch.from_numpy(answer["ends"].copy()), answer["record"].decode(), folder)

        return Done(actor, shard, save)

    def _failure(self, actor, shard, error):
        """What Ray says of a call that gave no answer."""
        exceptions, text = self._ray.exceptions, str(error)
        if "No module named 'latentpath'" in text:
            return Refused(actor, shard, "has no latentpath: install it there (pip install latentpath[cluster])")
        if isinstance(error, exceptions.OutOfMemoryError) or "memory pressure" in text or "OutOfMemory" in text:
            return Lost(actor, shard, "was ended by Ray because the memory of its node was nearly full: more `cpus` a worker, or "
                        "a smaller `batch`, need less")
        if isinstance(error, exceptions.OutOfDiskError):
            return Refused(actor, shard, "has no room on the disk of Ray's object store: make room there")
        if isinstance(error, exceptions.RayTaskError):
            cause = error.cause or error
            if isinstance(cause, MemoryError):
                return Lost(actor, shard, "had no memory left: more `cpus` a worker, or a smaller `batch`, need less")
            return Failed(actor, shard, {"kind": "internal", "text": f"{type(cause).__name__}: {cause}"})
        nodes = {node["NodeID"]: node["Alive"] for node in self._ray.nodes()}
        if "its node has died" in text or not nodes.get(actor.node, False):
            self._nodes = [node for node in self._nodes if node["NodeID"] != actor.node]
            return Lost(actor, shard, "is gone, and its node with it")
        return Lost(actor, shard, "ended, as one does that is killed or runs out of memory: more `cpus` a worker, or a smaller "
                    "`batch`, need less")

    def processors(self):
        """{kind of processor: a node}"""
        return {actor.about["processor"]: actor.name for actor in self._actors if actor.about}

    def close(self):
        for actor in list(self._actors):
            self._forget(actor)
        self._contents = None
        if self._own_connection:
            self._ray.shutdown()


def _versions(versions):
    return f"LatentPath {versions['latentpath']} for torch {versions['torch']}"
