"""Tables over more pairs than one process computes: on this machine's cores, or on a Ray cluster.

    from latentpath import cluster
    table = cluster.evaluate("decoder.pt", lp.favor("classifier.pt", 8), pairs=100_000, out="runs/table", address="auto")
    table.table, table.figure("class_ratio"), table.folder

docs/clusters.md of the project has it all. Ray is needed for `address` alone: pip install latentpath[cluster].
"""

import collections
import contextlib
import fcntl
import json
import pathlib
import shutil
import time
import warnings

from ._errors import ArgumentError, ClusterError, LatentPathError, LatentPathWarning, NumericalError, error_of
from ._options import with_options
from ._progress import watched
from ._workers import Done, Failed, Lost, Processes, Refused, cores
from .shards import OPTIONS, Job, described, merge

__all__ = ["ClusterError", "evaluate"]

_MOST_SHARDS = 1000  # that nobody asked for: each is a folder of three files
_MOST_TOLD = 10  # pairs that failed


class _Store:
    """OUT.shards: the finished shards of a table, and which table that is. One driver at a time."""

    def __init__(self, out, resume, overwrite):
        out = pathlib.Path(out)
        self.out = out
        self.folder = out.with_name(out.name + ".shards")
        if out.exists() and not overwrite:
            raise ArgumentError(f"{out} already exists: choose another `out` or pass `overwrite`")
        if out.exists() and not (out / "run.json").exists() and not (out.is_dir() and not any(out.iterdir())):
            raise ArgumentError(f"{out} is not a run folder (it has no run.json) and is not overwritten: choose another `out`")
        self._begun = (self.folder / "job.json").exists()
        if self.folder.exists() and not self._begun and any(self.folder.iterdir()):
            raise ArgumentError(f"{self.folder} is in the way: finished shards are kept there, and it is not such a folder")
        if self._begun and not (resume or overwrite):
            raise ArgumentError(f"an unfinished table is in {self.folder}: `resume` goes on with it, `overwrite` starts anew")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(self.folder / "lock", "w")  # noqa: SIM115 (held until close())
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ArgumentError(f"another process is at work on the table in {self.folder}: wait for it, or end it") from None
        if self._begun and not resume:
            self._empty()

    def _empty(self):
        self._begun = False
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()

    def _before(self):
        """The job that was begun, or None."""
        return Job.from_text((self.folder / "job.json").read_text()) if self._begun else None

    @property
    def shards(self):
        """How many shards the table has that was begun, or None."""
        return self._begun and self._before().of or None

    def begin(self, job):
        """Notes what is begun; what is gone on with must be the same."""
        before = self._before()
        if before is not None:
            different = _differences(before, job)
            if different:
                raise ArgumentError(f"the unfinished table in {self.folder} differs in {different}: give the same, or "
                                    "`overwrite` without `resume`")
            for left in self.folder.glob(".shard-*"):  # what a worker was writing when it ended
                shutil.rmtree(left, ignore_errors=True)
            return
        part = self.folder / ".job.json"
        part.write_text(job.text)
        part.replace(self.folder / "job.json")

    def shard(self, number):
        return self.folder / f"shard-{number}"

    def has(self, number):
        return (self.shard(number) / "run.json").exists()

    def close(self):
        """Lets others go on; a folder without a finished shard would say nothing."""
        if self.folder.exists() and not any(self.folder.glob("shard-*/run.json")):
            self.remove()
        self._lock.close()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def _differences(before, job):
    """The names of what differs between two jobs, for people; a file's place does not count."""
    different = [name for name in ("latentpath", "torch") if before.versions[name] != job.versions[name]]
    different = ["the version of " + name for name in different]
    if sorted(before.files.values()) != sorted(job.files.values()):
        different.append("the bytes of its files")
    if before.of != job.of:
        different.append("`shards`")
    paths = {path: "" for path in (*before.files, *job.files)}
    ours, theirs = (each.with_files(paths).request for each in (job, before))
    for name in sorted({*ours["options"], *theirs["options"]}):
        if ours["options"].get(name) != theirs["options"].get(name):
            different.append(f"`{name.replace('-', '_')}`")
    if any(ours.get(name) != theirs.get(name) for name in ("favor", "avoid")):
        different.append("`quality`")
    return ", ".join(different)


class _Progress:
    """Shards done, of how many, and the seconds left, by those that were computed in this run."""

    def __init__(self, asked, done, total):
        self._call, self._bar = None, None
        self._begin, self._before, self._done, self._total = time.monotonic(), done, done, total
        if callable(asked) and not isinstance(asked, bool):
            self._call = asked
        elif asked or (asked is None and watched()):
            with contextlib.suppress(ImportError):
                from tqdm.auto import tqdm

                self._bar = tqdm(total=total, initial=done, unit="shard", desc="latentpath", leave=False)
            if asked and self._bar is None:
                raise ImportError("progress=True needs tqdm: pip install tqdm")

    def add(self):
        self._done += 1
        if self._bar is not None:
            self._bar.update()
        if self._call is not None:
            each = (time.monotonic() - self._begin) / (self._done - self._before)
            self._call("shards", self._done, self._total, each * (self._total - self._done))

    def close(self):
        if self._bar is not None:
            self._bar.close()


class _Driver:
    """Hands out shards until all are there."""

    def __init__(self, job, store, engine, retries, progress):
        self._job, self._store, self._engine, self._retries = job, store, engine, retries
        missing = [shard for shard in range(1, job.of + 1) if not store.has(shard)]
        self._left = collections.deque(missing)
        self._at_work = set()
        self._attempts = collections.Counter()  # of a shard that lost its worker
        self._in_a_row = collections.Counter()  # workers that a node lost, since it has finished a shard
        self._progress = _Progress(progress, job.of - len(missing), job.of)
        self._kinds, self._failed_pairs = set(), 0
        self.incidents = []

    def run(self):
        handlers = {Done: self._done, Failed: self._failed, Lost: self._lost, Refused: self._refused}
        try:
            while self._left or self._at_work:
                self._engine.keep(len(self._left) + len(self._at_work))
                self._hand_out()
                for event in self._engine.events(timeout=1.0):
                    self._hand_out()  # a worker goes on while its last shard is written
                    handlers[type(event)](event)
                if self._engine.exhausted():
                    raise ClusterError(f"nobody is left to compute the table: {self._last()}{self._kept()}")
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted{self._kept()}") from None
        finally:
            self._progress.close()

    def _hand_out(self):
        while self._left and self._engine.idle:
            shard = self._left.popleft()
            self._at_work.add(shard)
            self._engine.compute(self._engine.idle.pop(0), shard)

    def _kept(self):
        done = sum(map(self._store.has, range(1, self._job.of + 1)))
        return f"; {done} of {self._job.of} shards are kept in {self._store.folder}, and the same call with resume=True goes on"

    def _last(self):
        return self.incidents[-1] if self.incidents else "no node has room for a worker"

    def _tell(self, sentence):
        if sentence not in self.incidents:
            self.incidents.append(sentence)
            warnings.warn(sentence, LatentPathWarning, stacklevel=5)

    def _shard(self, shard):
        return f"shard {shard} of {self._job.of} ({self._job.pairs_of(shard)})"

    def _done(self, event):
        self._at_work.discard(event.shard)
        if event.save is not None and not self._store.has(event.shard):
            try:
                event.save(self._store.shard(event.shard))
            except LatentPathError as error:  # a full disk
                raise type(error)(f"{self._shard(event.shard)}: {error}{self._kept()}") from None
        self._in_a_row[event.worker.node] = 0
        self._tell_of_pairs(event)
        self._tell_of_processors()
        self._progress.add()

    def _failed(self, event):
        if event.shard is not None and self._store.has(event.shard):  # a worker of a driver that died was there first
            event = Done(event.worker, event.shard, None)
            return self._done(event)
        what = f"{self._shard(event.shard)}, {event.worker.name}: " if event.shard is not None else ""
        kept = self._kept() if event.shard is not None else ""
        raise error_of(event.error["kind"], f"{what}{event.error['text']}{kept}")

    def _lost(self, event):
        self._again(event.shard)
        node = event.worker.node
        self._in_a_row[node] += 1
        if event.shard is None:
            self._tell(f"{event.worker.name} {event.reason}; it had no shard yet")
        else:
            self._attempts[event.shard] += 1
            sentence = f"{event.worker.name} {event.reason}; {self._shard(event.shard)} was lost with it"
            if self._attempts[event.shard] > self._retries:
                raise ClusterError(f"{sentence}, for the {self._attempts[event.shard]}th time in as many tries{self._kept()}")
            self._tell(f"{sentence} and is computed again")
        if self._in_a_row[node] > self._retries:
            self._engine.dismiss(node)

    def _refused(self, event):
        self._again(event.shard)
        self._engine.dismiss(event.worker.node)
        self._tell(f"{event.worker.name.partition(' on ')[2] or event.worker.node} {event.reason}; it takes no part in this table")

    def _again(self, shard):
        if shard is not None:
            self._at_work.discard(shard)
            self._left.appendleft(shard)

    def _tell_of_pairs(self, event):
        """Pairs that failed numerically are in the table as failures: which, and where."""
        folder = self._store.shard(event.shard)
        if json.loads((folder / "run.json").read_text())["summary"]["shard"]["failures"] == 0:
            return
        rows = json.loads((folder / "run.json").read_text())["shard"]["rows"]
        with open(folder / "batches.jsonl") as lines:
            for batch in map(json.loads, lines):
                row = rows[batch["row"]]
                for path in batch["paths"]:
                    if path["failed"]:
                        self._failed_pairs += 1
                        if self._failed_pairs <= _MOST_TOLD:
                            self._tell(f"pair {path['pair']} of {row['feature']}, {row['method']} has NaN or infinity among its "
                                       f"figures ({event.worker.name}): it is in paths.csv as failed and in no mean; look at what "
                                       f"the decoder makes of ends.npy[feature, {path['pair']}], or try dtype=\"float64\"")

    def _tell_of_processors(self):
        kinds = self._engine.processors() if hasattr(self._engine, "processors") else {}
        if len(kinds) > 1 and set(kinds) != self._kinds:
            self._kinds = set(kinds)
            self._tell("processors of several kinds compute this table (" + ", ".join(
                f"{kind}: {name}" for kind, name in sorted(kinds.items())) + "): the last digits may depend on which")

    def tell_rest(self):
        if self._failed_pairs > _MOST_TOLD:
            self._tell(f"{self._failed_pairs - _MOST_TOLD} further paths failed: `failed` in paths.csv says which")


def _check(address, workers, shards, cpus, gpus, retries):
    for name, value, least in (("workers", workers, 1), ("shards", shards, 1), ("retries", retries, 0)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
            raise ArgumentError(f"`{name}` must be a whole number, {least} or more, not {value!r}")
    if not isinstance(cpus, int) or isinstance(cpus, bool) or cpus < 1:
        raise ArgumentError(f"`cpus` must be a whole number, 1 or more, not {cpus!r}: the threads of a worker")
    if gpus and address is None:
        raise ArgumentError("`gpus` are handed out by Ray: give its `address` (\"local\" starts one on this machine)")


def _engine_for(job, store, address, workers, cpus, gpus, send_models):
    if address is None:
        return Processes(job, workers or max(1, cores() // cpus), store.shard)
    try:
        import ray  # noqa: F401
    except ImportError:
        raise ImportError("`address` needs Ray: pip install latentpath[cluster]; without it this machine's cores are used") from None
    from ._ray_workers import Cluster

    return Cluster(job, address, workers, cpus, gpus, send_models)


@with_options(OPTIONS)
def evaluate(decoder, quality=None, *, out, pairs=100, prior=None, judge=None, address=None, workers=None, shards=None,
             cpus=1, gpus=0, retries=3, send_models=True, resume=False, overwrite=False, parquet=False, progress=None,
             **options):
    """The table of evaluate() in shards, by processes of this machine or by a Ray cluster; the run folder is the one of a
    single process, byte for byte but for `seconds`, whoever computed which part.

        table = cluster.evaluate("decoder.pt", lp.favor("classifier.pt", 8), pairs=2000, methods="linear,ours",
                                 seconds="off", out="runs/table")

    decoder, judge: models' files. quality: favor() and avoid() of a classifier's file, each of one class. pairs, prior: as
        evaluate() takes them
    out: the run folder. Finished shards are kept in OUT.shards until it is written
    address: None: processes of this machine, without Ray. "auto" or HOST:PORT: a Ray cluster; "local": Ray on this machine
    workers: at most so many; None: as there is room for
    shards: in how many parts; None: a batch each, 1000 or 16 a worker at most. Results do not depend on it
    cpus, gpus: of a worker, as declared to Ray; `cpus` are also its threads, and with `gpus` models run on `device` cuda
    retries: how many times a shard that lost its worker is computed again
    send_models: a node that lacks a file of the job is sent it; False: files are where they are here, on every node
    resume: goes on with what OUT.shards holds of the same table; overwrite: replaces a run folder, and starts anew
    parquet: write paths.parquet and frames.parquet too (latentpath.tables)
    progress: True, False, a function ("shards", done, total, seconds_left), or None: tqdm where somebody watches

    Returns a Merged, with `incidents`, sentences of what went wrong on the way. Raises ClusterError where nobody is left or a
    shard cannot be computed; ArgumentError, ModelError and NumericalError as evaluate().
    """
    _check(address, workers, shards, cpus, gpus, retries)
    values = OPTIONS.values("cluster.evaluate", options)
    values.setdefault("threads", cpus)
    if gpus:
        values.setdefault("device", "cuda")
    store = _Store(out, resume, overwrite)
    with contextlib.closing(store):
        job = described(decoder, quality, pairs, prior, judge, values, store.folder, shards)
        if shards is None:
            job.of = store.shards or min(job.batches, max(_MOST_SHARDS, 16 * (workers or 1)))
        store.begin(job)
        with contextlib.closing(_engine_for(job, store, address, workers, cpus, gpus, send_models)) as engine:
            driver = _Driver(job, store, engine, retries, progress)
            driver.run()
            driver.tell_rest()
        try:
            table = merge([store.shard(number) for number in range(1, job.of + 1)], out, overwrite, progress=progress if progress is False else None)
        except NumericalError:  # the table is written all the same
            store.remove()
            raise
        store.remove()
    table.incidents = driver.incidents
    if parquet:
        from . import tables

        tables.to_parquet(out)
    return table
