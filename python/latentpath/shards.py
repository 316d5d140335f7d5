"""Shards of a table, computed one by one: what cluster.evaluate() hands out, for other engines to hand out too.

    job = shards.describe("decoder.pt", lp.favor("classifier.pt", 8), of=40, pairs=2000, threads=1)    # plain data: job.text
    evaluator = shards.Evaluator(job)            # in any process of any machine: loads the models
    evaluator.save(3, "runs/shard-3")            # the third of forty, and others, with the same models
    shards.merge([f"runs/shard-{k}" for k in range(1, 41)], "runs/table")

A shard is the one of `latentpath evaluate --shard K/N` (docs/clusters.md).
"""

import hashlib
import itertools
import json
import os
import pathlib

import numpy
import torch

from ._calls import Search, is_file
from ._core import TORCH_VERSION, __version__, ops
from ._errors import error_of, in_python_words
from ._evaluate import Table, _given_pairs, _rows
from ._options import Options, with_options
from ._path import Run
from ._progress import progress_of
from ._quality import Scope, as_quality
from ._search import factors_and_prior, set_prior

OPTIONS = Options(
    "evaluate",
    taken={"decoder", "classifier", "favor", "avoid", "prior", "judge", "pairs", "shard"},
    kept={"frames", "curves", "seconds"},
)

_numbers = itertools.count(1)


def checked(text):
    """An answer of the core, or what it refuses as an exception."""
    answer = json.loads(text)
    if isinstance(answer, dict) and "error" in answer:
        raise error_of(answer["error"]["kind"], answer["error"]["text"])
    return answer


def sha256(file):
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


class Job:
    """A table and the number of its shards, as plain data: what is asked of the core, the files that it reads with their
    SHA-256, and what to say in the place of files that the caller has not named."""

    def __init__(self, request, files, words, pairs, batch, of):
        self.request, self.files, self.words = request, files, words
        self.pairs, self.batch, self.of = pairs, batch, of
        self.versions = {"latentpath": __version__, "torch": TORCH_VERSION}

    @property
    def text(self):
        return json.dumps(vars(self))

    @classmethod
    def from_text(cls, text):
        given = json.loads(text)
        versions = given.pop("versions")
        job = cls(**given)
        job.versions = versions
        return job

    @property
    def batches(self):
        return -(-self.pairs // self.batch)

    def pairs_of(self, shard):
        """For people: the pairs of a shard."""
        first = [f"{b * self.batch} to {min(self.pairs, (b + 1) * self.batch) - 1}"
                 for b in range(shard - 1, self.batches, self.of)]
        if not first:
            return "no pairs"
        return "pairs " + ", ".join(first[:3]) + (f" and {len(first) - 3} batches more" if len(first) > 3 else "")

    def with_files(self, places):
        """The same job of files in other places: {path: path}. Its records tell of the first ones."""
        def moved(value):
            if isinstance(value, dict):
                return {name: moved(part) for name, part in value.items()}
            if isinstance(value, list):
                return [moved(part) for part in value]
            return _in_place(value, places) if isinstance(value, str) else value

        words = [[places.get(path, path), word] for path, word in self.words]
        spoken = {path for path, _ in self.words}
        words += [[place, path] for path, place in places.items() if path not in spoken and place != path]
        job = Job(moved(self.request), {places.get(path, path): digest for path, digest in self.files.items()},
                  sorted(words, key=lambda pair: -len(pair[0])), self.pairs, self.batch, self.of)
        job.versions = self.versions
        return job


def _in_place(text, places):
    """FILE, label=FILE, samples:FILE, FILE.npz:ARRAY with FILE in its place."""
    if text in places:
        return places[text]
    for sign in ":=":
        head, found, tail = text.partition(sign)
        if found and tail in places:
            return head + sign + places[tail]
    cut = text.rfind(".npz:") + len(".npz")
    if cut >= len(".npz"):
        begin = max(text.find(sign, 0, cut) for sign in ":=") + 1
        if text[begin:cut] in places:
            return text[:begin] + places[text[begin:cut]] + text[cut:]
    return text


def _check_files(decoder, qualities, judge):
    """Shards are put together by the bytes of the files that they were made of."""
    remedy = "shards need files: save it by lp.export(), or torch.jit.trace(…).save(\"model.pt\"), and name that"
    if not is_file(decoder):
        raise TypeError(f"`decoder` is a {type(decoder).__name__}, and {remedy}")
    if judge is not None and not is_file(judge):
        raise TypeError(f"`judge` is a {type(judge).__name__}, and {remedy}")
    for quality in qualities:
        for part in factors_and_prior(quality)[0]:
            if not is_file(getattr(part, "classifier", None)):
                raise TypeError("`quality` of shards is favor() or avoid() of a classifier's file, each of one class: "
                                "save the classifier by lp.export(), or torch.jit.trace(…).save(\"classifier.pt\")")


def _stored(tensor, folder, name):
    """An array as a file that is called by its content: of another one nothing is overwritten."""
    array = tensor.numpy()
    digest = hashlib.sha256(array.tobytes() + str((array.dtype, array.shape)).encode()).hexdigest()
    file = pathlib.Path(folder) / f"{name}-{digest[:16]}.npy"
    if not file.exists():
        numpy.save(file, array)
    return str(file)


def _number_of_pairs(pairs):
    if not pairs.endswith((".npy", ".npz")) and ".npz:" not in pairs:
        return int(pairs)
    name, _, array = pairs.partition(".npz:")
    loaded = numpy.load(name + ".npz" if array else pairs, mmap_mode="r")
    return int((loaded[array] if array else loaded if hasattr(loaded, "shape") else loaded[loaded.files[0]]).shape[0])


def described(decoder, quality, pairs, prior, judge, values, folder, of=None):
    """A Job of options by the table's names; arrays become files of `folder`. of: the number of shards; None: one a batch."""
    several = list(quality) if isinstance(quality, (list, tuple)) else [] if quality is None else [quality]
    qualities = [as_quality(each) for each in several]
    _check_files(decoder, qualities, judge)
    count, given, _ = _given_pairs(pairs)
    words = []
    if given is not None:
        exact = given.dtype if given.dtype in (torch.float32, torch.float64) else torch.float32
        count = _stored(given.to("cpu", exact).flatten(2), folder, "pairs")
        words.append([count, "the pairs given"])
    values = {**values, "pairs": count}
    number = next(_numbers)
    scope = Scope(Search(), torch.device("cpu"), torch.float32, None)
    asked, factor = _rows(qualities, scope)
    if "features" in asked:
        raise TypeError("`quality` of shards is favor() or avoid(), each of one class of one classifier's file: products, "
                        "powers and several classes are for lp.evaluate()")
    for secret, word in set_prior(values, prior, factor, folder):
        words.append([secret, word])
    request = {"search": number, "options": values, "decoder": {"file": os.fspath(decoder)}, **asked}
    if judge is not None:
        request["judge"] = {"file": os.fspath(judge)}
    files = {file: sha256(file) for file in checked(ops.files(json.dumps(request)))}
    batch = int(values.get("batch", OPTIONS.rows["batch"]["default"]))
    job = Job(request, files, words, _number_of_pairs(count), batch, 1)
    job.of = of if of is not None else job.batches
    return job


@with_options(OPTIONS)
def describe(decoder, quality=None, *, of, pairs=100, prior=None, judge=None, folder=".", **options):
    """A table in `of` shards, for Evaluator in this or other processes: Job.text is JSON, Job.from_text() reads it.

    decoder, judge: models' files; quality: favor() and avoid() of a classifier's file, each of one class; pairs: how many are
    drawn, a file, or [pairs, 2, D], which is written into `folder`
    """
    return described(decoder, quality, pairs, prior, judge, OPTIONS.values("shards.describe", options), folder, of)


class Evaluator:
    """Shards of a job, one after the other: models are loaded, ends drawn and via points found once."""

    def __init__(self, job):
        self.job = job
        self._number = next(_numbers)
        checked(ops.open_shards(json.dumps({**job.request, "search": self._number})))

    def compute(self, shard):
        """The shard's ends [features, own pairs, 2, D] and its record, as JSON."""
        ends, text = ops.shard(self._number, shard, self.job.of)
        for secret, word in self.job.words:
            text = text.replace(json.dumps(secret)[1:-1], json.dumps(word)[1:-1])
        checked(text)
        return ends, text

    def save(self, shard, folder):
        """Computes a shard and writes its folder, whole or not at all."""
        write(*self.compute(shard), folder)

    def close(self):
        ops.close_shards(self._number)


def write(ends, text, folder):
    """Writes the folder of a shard, whole or not at all."""
    checked(ops.write(text, str(folder), False, ["ends.npy"], [ends]))


class Merged(Run):
    """A table in a run folder, of any number of paths.

    folder: run.json, table.csv, paths.csv, frames.csv, ends.npy, report.html
    table: a row for each feature, method and ε, as in Evaluation
    verdict, summary, warnings, assumptions: likewise
    """

    def __init__(self, record, folder):
        super().__init__(record)
        self.folder = pathlib.Path(folder)
        self.table = Table(record["files"]["table.csv"])

    def figure(self, name, statistic="mean"):
        """One figure of every row, {(feature, method, epsilon): mean}. statistic: mean, se, median."""
        column = name if statistic == "mean" else f"{name}_{statistic}"
        self.table.column(column)
        return {(row["feature"], row["method"], row["epsilon"]): row[column] for row in self.table}


def merge(folders, out, overwrite=False, progress=None):
    """The table of all shards, written as a run folder, whole or not at all: what `latentpath merge` does. Memory does not
    grow with the number of paths but by what one row of the table needs, 8 bytes a figure. Returns a Merged.

    Raises ModelError where a shard is missing, unfinished, damaged or of another table; NumericalError where no path is any
    good: then the folder has been written all the same.
    """
    with Search() as search, progress_of(search, progress):
        options = {"SHARDS": [os.fspath(folder) for folder in folders], "out": os.fspath(out), "overwrite": overwrite}
        text = ops.merge(json.dumps({"search": search.number, "options": options}))
    if search.observer_failure is not None:
        raise search.observer_failure
    if search.interrupted:
        raise KeyboardInterrupt
    record = checked(text)
    if record["failure"] is not None:
        raise error_of(record["failure"]["kind"], f"{in_python_words(record['failure']['text'])}; the table is in {out}")
    return Merged(record, out)
