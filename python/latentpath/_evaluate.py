"""evaluate(): a table over many pairs, features by methods."""

import csv
import html
import io
import math
import numbers
import tempfile

import numpy
import torch

from ._calls import Search, describe_model, evaluated, is_file
from ._core import ops
from ._errors import in_python_words_throughout
from ._options import Options, with_options
from ._path import Run
from ._progress import progress_of
from ._quality import Scope, _Classified, as_quality, product_of
from ._search import ENCODER_OF_FILES, MODELS_OF_FILES, SIGNATURE, factors_and_prior, limit_memory, run_job, set_prior

_options = Options(
    "evaluate",
    taken=SIGNATURE | MODELS_OF_FILES | ENCODER_OF_FILES | {"favor", "avoid", "prior", "judge", "pairs", "shard"},
    kept={"frames", "curves", "seconds"},
)

_TEXTS = {"feature", "method", "termination", "start"}
_WHOLE = {"pairs", "failures", "under_resolved", "pair", "failed", "frame"}


class Table(list):
    """Rows as dicts, with the columns of the file of the same name in a run folder: table.csv, paths.csv, frames.csv.
    What does not apply is NaN. pandas.DataFrame(table) takes it as it is."""

    def __init__(self, text):
        reader = csv.DictReader(io.StringIO(text))
        super().__init__({name: self._value(name, value) for name, value in row.items()} for row in reader)
        self.names = list(reader.fieldnames or [])

    @staticmethod
    def _value(name, value):
        if name in _TEXTS:
            return value
        return int(value) if name in _WHOLE else float(value) if value else math.nan

    def column(self, name):
        """One column as a NumPy array."""
        if name not in self.names:
            raise KeyError(f"there is no column {name!r}; there are {', '.join(self.names)}")
        return numpy.array([row[name] for row in self])

    @property
    def columns(self):
        """{name: NumPy array}"""
        return {name: self.column(name) for name in self.names}


def _with_error(value, error):
    """0.938 ± 0.012: two digits of the error."""
    if math.isnan(value):
        return ""
    if not error > 0:
        return f"{value:.4g}"
    decimals = 1 - math.floor(math.log10(error))
    return f"{value:.{decimals}f} ± {error:.{decimals}f}" if 0 <= decimals <= 6 else f"{value:.4g} ± {error:.2g}"


class Evaluation(Run):
    """A table over many pairs, features by methods.

    table: a row for each feature, method and ε: pairs, failures, and of each figure its mean, standard error (NAME_se) and
        median (NAME_median); a list of dicts, and table.columns its NumPy columns
    paths: likewise, a row for each path with its figures: those that failed are in it, and in no mean
    frames: likewise, a row for each frame of the first pairs (option `curves`): quality, probability and step over time
    ends: [features, pairs, 2, D], the end points; features in the order of the table
    verdict: good, fair or bad, with `.headline` and `.reasons`
    summary: all of it, as in run.json; warnings, assumptions: what has to be said of the run
    interrupted: Ctrl-C ended it, and this is the table of the batches that were finished until then
    """

    def __init__(self, record, ends, shape, device):
        super().__init__(record)
        files = record["files"]
        self.table, self.paths, self.frames = (Table(files[f"{name}.csv"]) for name in ("table", "paths", "frames"))
        self._ends = ends
        self.ends = ends.to(device).reshape(*ends.shape[:3], *(shape or ends.shape[3:]))

    def __len__(self):
        return len(self.table)

    def figure(self, name, statistic="mean"):
        """One figure of every row, {(feature, method): mean}; with several ε {(feature, method, ε): mean}. statistic: mean,
        se (standard error), median."""
        column = name if statistic == "mean" else f"{name}_{statistic}"
        self.table.column(column)  # a name that is none is refused there
        several = len({row["epsilon"] for row in self.table}) > 1
        return {(row["feature"], row["method"], *([row["epsilon"]] if several else [])): row[column] for row in self.table}

    def save(self, folder, overwrite=False):
        """Writes a run folder, as the program's --out: run.json, table.csv, paths.csv, frames.csv, ends.npy, report.html.
        Whole or not at all. Of pictures it has none: the package has no Cairo, which draws frames/."""
        self._write(folder, overwrite, {"ends.npy": self._ends})

    def _repr_html_(self):
        figures = [name for name in self.table.names if f"{name}_se" in self.table.names]
        several = len({row["epsilon"] for row in self.table}) > 1
        texts = ["feature", "method", *(["epsilon"] if several else [])]
        head = "".join(f"<th>{html.escape(name)}</th>" for name in (*texts, *figures, "pairs", "failures"))
        body = ""
        for row in self.table:
            cells = [str(row[name]) for name in texts]
            cells += [_with_error(row[name], row[f"{name}_se"]) for name in figures]
            cells += [str(row["pairs"]), str(row["failures"])]
            body += "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
        return self._verdict_html() + f"<table><tr>{head}</tr>{body}</table>"


def _given_pairs(pairs):
    """How many pairs are drawn or the file that holds them, as text, or the pairs [pairs, 2, D] and the shape of a latent."""
    if isinstance(pairs, bool):
        raise TypeError("`pairs` must be a number of pairs, an array [pairs, 2, D], or its file, not a bool")
    if isinstance(pairs, numbers.Integral) or is_file(pairs):
        return str(pairs), None, None
    pairs = torch.as_tensor(pairs).detach()
    if pairs.dim() < 3 or pairs.shape[1] != 2 or pairs.numel() == 0:
        raise ValueError(f"`pairs` must have the shape [pairs, 2, D], not {list(pairs.shape)}: torch.stack([z0, z1], 1)")
    if pairs.is_complex() or pairs.dtype == torch.bool:
        raise TypeError(f"`pairs` must hold real numbers, not {pairs.dtype}")
    if not pairs.is_floating_point():
        pairs = pairs.to(torch.get_default_dtype())
    return None, pairs, tuple(pairs.shape[2:])


def _rows(qualities, scope):
    """What is asked, row by row: one class of one classifier as the program's favour and avoid, anything else as an
    expression; and the prior that all have."""
    asked, priors, first = {"favor": [], "avoid": [], "features": []}, [], None  # the identity of the first classifier
    for quality in qualities:
        rest, prior = factors_and_prior(quality)
        priors.append(prior)
        one = rest[0] if len(rest) == 1 and type(rest[0]) is _Classified else None
        if one is not None and len(one.favored) + len(one.avoided) == 1 and first in (None, one.identity):
            first = one.identity
            asked["classifier"] = scope.classifier(one)
            asked["favor"] += one.favored
            asked["avoid"] += one.avoided
        elif rest:
            asked["features"].append(product_of(rest)._expression(scope))
    if any((prior and prior._key()) != (priors[0] and priors[0]._key()) for prior in priors):
        raise ValueError("the qualities of a table have one prior: give it as the argument `prior`")
    return {name: value for name, value in asked.items() if value}, priors[0] if priors else None


@with_options(_options)
def evaluate(decoder, quality=None, *, pairs=100, prior=None, judge=None, progress=None, **options):
    """A table over many pairs, features by methods, as paper A's Tables 1 and 2: how well each method's paths do, each
    path evaluated alike on refined grids and by its frames.

        table = lp.evaluate(decoder, [lp.favor(classifier, 8), lp.avoid(classifier, 8)], pairs=200, methods="linear,ours")
        table.table, table.paths, table.figure("class_ratio")

    decoder: as find_path() takes it; of a function that does not say its latent size, latent_dim=8 says it, or
        latent_dim=(4, 32, 32) its shape
    quality: one or several qualities, each a row for each method: favor(), avoid(), quality(), functions, and products,
        powers and complements of them. Rows of one class of the first classifier come first, favoured before avoided; they
        have a class ratio, and ends without what is asked for. None: the shortest path
    pairs: how many pairs are drawn from the prior, or [pairs, 2, D], torch or NumPy, or a file of such an array
    prior: what the latents are drawn from: a name, prior_samples(), latents [n, D], or a factor of the qualities
    judge: a second classifier, reported beside the one that is optimised: a module, a function, or a model's file
    progress: True, False, a function (stage, done, total, cost), or None: where tqdm is installed and somebody watches

    Ctrl-C gives the table of the batches finished until then (`interrupted`), a second one stops. Returns an Evaluation.
    Raises ArgumentError, ModelError, NumericalError, or what a model raised.
    """
    shape = None
    if isinstance(options.get("latent_dim"), (tuple, list)):
        shape = tuple(options["latent_dim"])
        options["latent_dim"] = math.prod(shape)
    values = _options.values("evaluate", options)
    values.setdefault("threads", torch.get_num_threads())
    count, given, own_shape = _given_pairs(pairs)
    shape = own_shape or shape
    if count is not None:
        values["pairs"] = count
    several = list(quality) if isinstance(quality, (list, tuple)) else [] if quality is None else [quality]
    qualities = [as_quality(each) for each in several]
    device = given.device if given is not None else torch.device("cpu")
    dtype = given.dtype if given is not None else torch.get_default_dtype()
    latent_shape = shape if shape and len(shape) > 1 else None
    callables = [decoder, judge, *(call for each in qualities for call in each._callables())]
    with Search() as search, progress_of(search, progress), evaluated(callables), tempfile.TemporaryDirectory() as folder:
        described, device = describe_model(search, decoder, "decoder", device, dtype, latent_shape)
        limit_memory(values, device)
        scope = Scope(search, device, dtype, latent_shape)
        asked, factor = _rows(qualities, scope)
        request = {"search": search.number, "options": values, "decoder": described, **asked}
        if judge is not None:
            request["judge"] = describe_model(search, judge, "judge", device, dtype)[0]
        hidden = set_prior(values, prior, factor, folder)
        exact = dtype if dtype in (torch.float32, torch.float64) else torch.float32
        tensors = [] if given is None else [given.to("cpu", exact).flatten(2)]
        ends, record = run_job(ops.evaluate, search, request, tensors, hidden)
    record["page"] = in_python_words_throughout(record["page"])
    return Evaluation(record, ends, shape, device)
