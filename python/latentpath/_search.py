"""find_path(), geodesic() and measures(): what is asked, as the core's jobs take it; what comes back, as a Path."""

import json
import logging
import os
import pathlib
import sys
import tempfile
import warnings

import numpy
import torch

from ._calls import Search, describe_model, describe_points_function, evaluated
from ._core import ops
from ._errors import ArgumentError, LatentPathWarning, error_of, in_python_words
from ._measures import MeasurePath
from ._options import Options, with_options
from ._path import Path, Tour
from ._progress import progress_of
from ._quality import LevelSet, Nearest, Prior, Scope, _Classified, _KeptFeatures, as_prior, as_qualities, as_quality, product_of

_log = logging.getLogger("latentpath")

# How a file is called, which a function in memory says by itself.
SIGNATURE = {"decoder-method", "latent-input", "input", "output", "latent-shape", "channels"}

# Which models there are, and what only their files need.
MODELS_OF_FILES = {"decoder", "classifier", "classifier-method", "classifier-tensor", "latent-shapes", "dtype", "device"}

# Likewise an encoder, and what is asked of what it gives back.
ENCODER_OF_FILES = {"encoder", "encoder-method", "encoder-tensor", "encoder-range", "encoder-mean", "encoder-std",
                    "encoder-shape", "cycle"}

# What of `interpolate` arguments stand for.
_TAKEN = (
    SIGNATURE
    | MODELS_OF_FILES
    | ENCODER_OF_FILES
    | {"metric", "latent-dim", "from", "to", "pairs", "loop", "through", "tours", "closed", "favor", "avoid",
       "prior", "judge", "keep-features", "keep-scale", "embedding-features"}
)
_path_options = Options("interpolate", taken=_TAKEN | {"corners", "tour-allowance"})
_tour_options = Options("interpolate", taken=_TAKEN)
_geodesic_options = Options(
    "geodesic",
    taken=SIGNATURE
    | {"embedding", "metric", "level-set", "quality", "from", "to", "pairs", "matrix", "exp", "log", "transport", "along", "mean", "weights", "curvature", "first-path",
       "latent-dim", "dtype", "stiffness", "example"},
)
_measure_options = Options(
    "measures", taken={"from", "to", "from-weights", "to-weights", "example", "points", "quality", "dtype"},
)


class _Points:
    """End points as the core takes them, [pairs, D] on the CPU, and how what it finds goes back."""

    def __init__(self, z0, z1):
        z0, z1 = self._tensor(z0, "z0"), self._tensor(z1, "z1")
        if z0.shape[-1:] != z1.shape[-1:]:
            raise ValueError(f"`z0` has the shape {list(z0.shape)} and `z1` {list(z1.shape)}: points of one size are needed")
        if z0.dim() == z1.dim() > 1 and len(z0) != len(z1) and 1 not in (len(z0), len(z1)):
            raise ValueError(f"`z0` has {len(z0)} points and `z1` {len(z1)}: as many, or one, are needed")
        z0, z1 = torch.broadcast_tensors(z0, z1)
        self.dtype = torch.promote_types(z0.dtype, z1.dtype)
        self.device = z0.device
        self.single = z0.dim() == 1  # one pair, given without a batch dimension
        batch = z0.unsqueeze(0) if self.single else z0
        batch1 = z1.unsqueeze(0) if self.single else z1
        self.shape = tuple(batch.shape[1:])
        exact = self.dtype if self.dtype in (torch.float32, torch.float64) else torch.float32
        self.start = batch.detach().to("cpu", exact).flatten(1)
        self.end = batch1.detach().to("cpu", exact).flatten(1)
        self.latent_shape = self.shape if len(self.shape) > 1 else None

    @staticmethod
    def _tensor(points, name):
        try:
            if isinstance(points, (list, tuple)) and any(isinstance(point, torch.Tensor) for point in points):
                points = torch.stack([torch.as_tensor(point) for point in points])
            if isinstance(points, numpy.ndarray):
                points = numpy.ascontiguousarray(points)  # torch has no strides below 0
            points = torch.as_tensor(points)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(f"`{name}` must be numbers, [D] or [pairs, D], not {type(points).__name__}: {error}") from error
        if not points.is_floating_point():
            if points.is_complex() or points.dtype == torch.bool:
                raise TypeError(f"`{name}` must hold real numbers, not {points.dtype}")
            points = points.to(torch.get_default_dtype())
        if points.dim() == 0 or points.numel() == 0:
            raise ValueError(f"`{name}` must have the shape [D] or [pairs, D], not {list(points.shape)}")
        return points

    def first_paths(self, paths):
        """[pairs, nodes, …] → [pairs, nodes, D]"""
        paths = torch.as_tensor(paths).detach().to("cpu", self.start.dtype)
        if self.single and paths.dim() == len(self.shape) + 1:
            paths = paths.unsqueeze(0)
        if paths.dim() < 3 or paths.shape[0] != self.start.shape[0] or tuple(paths.shape[2:]) != self.shape:
            raise ValueError(f"`first_paths` must have the shape [pairs, nodes, …] of the ends, not {list(paths.shape)}")
        return paths.flatten(2)

    def back(self, nodes, device):
        """[pairs, nodes, D] in the caller's shape, type and device."""
        nodes = nodes.to(device, self.dtype).reshape(*nodes.shape[:2], *self.shape)
        return nodes[0] if self.single else nodes


def _raise(error, failure, nothing_found):
    """Raises for what the core says, unless it was interrupted and has a path all the same. `failure` is what a function
    raised last: raised again where that is the reason, and not a part of a try that may fail."""
    if isinstance(failure, KeyboardInterrupt):
        raise failure
    if error["kind"] == "interrupted":
        if nothing_found:
            raise KeyboardInterrupt(error["text"])
        return
    if failure is not None:
        first_line = str(failure).strip().split("\n")[0][:60]
        if (first_line or "without a message") in error["text"]:
            raise failure
    raise error_of(error["kind"], error["text"]) from failure


def _callers_level():
    """The stack level of the line outside of the package from which it was called."""
    level, frame, package = 1, sys._getframe(1), os.path.dirname(__file__)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) == package:
        level, frame = level + 1, frame.f_back
    return level


def run_job(operator, search, request, tensors, hidden=()):
    """Calls the core. `hidden` are texts, such as names of temporary files, and what to say in their place."""
    try:
        with search.interruptible():
            *arrays, text = operator(json.dumps(request), tensors)
    except SystemError as error:
        # What a backward pass written in Python raises is on its way already when the core gives its own answer.
        if error.__cause__ is None:
            raise
        raise error.__cause__ from None
    for secret, word in hidden:
        text = text.replace(secret, word)
    record = json.loads(text)
    if search.observer_failure is not None:
        raise search.observer_failure
    error = record["error"] if "error" in record else record["failure"]
    if error is not None:
        _raise(error, search.failure, "error" in record)
    for sentence in record["assumptions"]:
        _log.info(in_python_words(sentence))
    for sentence in record["warnings"]:
        warnings.warn(in_python_words(sentence), LatentPathWarning, stacklevel=_callers_level())
    return *arrays, record


def factors_and_prior(quality):
    """The factors of a quality but its prior, and that, or None."""
    factors = quality._factors() if quality is not None else []
    priors = [factor for factor in factors if isinstance(factor, Prior)]
    if len(priors) > 1:
        raise ValueError("a quality has one prior at most: multiply by one")
    return [factor for factor in factors if not isinstance(factor, Prior)], priors[0] if priors else None


def set_prior(values, prior, factor, folder):
    """Sets the option `prior` by the argument or by a factor of the quality; latents go through a file of a temporary
    folder. What sentences are not to say, and what in its place."""
    if factor is not None and prior is not None:
        raise ValueError("`prior` is given twice, as an argument and as a factor of `quality`")
    prior = factor if prior is None else as_prior(prior)
    if prior is None:
        return []
    if prior.samples is None:
        values["prior"] = prior.name
        return []
    file = str(pathlib.Path(folder) / "samples.npy")
    numpy.save(file, prior.samples.numpy())
    values["prior"] = f"samples:{file}"
    return [(file, "the latents given")]


def _groups(quality, pairs):
    """[(a quality, the numbers of the pairs of which it is asked)], of `pairs` pairs."""
    if quality is None or quality._pairs() is None:
        return [(quality, list(range(pairs)))]
    if quality._pairs() != pairs:
        raise ValueError(f"`quality` has {quality._pairs()} labels, and there are {pairs} pairs: one for each is needed")
    groups = {}
    for pair in range(pairs):
        own = quality._of(pair)
        groups.setdefault(None if own is None else own._key(), (own, []))[1].append(pair)
    return list(groups.values())


def _asked_of_pairs(quality, pairs, scope):
    """What is asked of all pairs, or of groups of them, and the prior that all have."""
    groups = [(*_asked(own, scope), numbers) for own, numbers in _groups(quality, pairs)]
    priors = [prior for _, prior, _ in groups]
    if any((prior and prior._key()) != (priors[0] and priors[0]._key()) for prior in priors):
        raise ValueError("all pairs have one prior: give it as the argument `prior`")
    if len(groups) == 1:
        return groups[0][0], priors[0]
    return {"groups": [{"pairs": numbers, **asked} for asked, _, numbers in groups]}, priors[0]


def _asked(quality, scope):
    """A quality as the job asks for it: what one classifier says as the program's favour and avoid, anything else as an
    expression; and its prior."""
    factors, prior = factors_and_prior(quality)
    rest = [factor for factor in factors if not isinstance(factor, _KeptFeatures)]
    kept = [factor for factor in factors if isinstance(factor, _KeptFeatures)]
    asked = {}
    if len(kept) > 1:
        raise ValueError("a quality keeps the features of one network: multiply by one keep_features()")
    for factor in kept:
        asked["keep_features"] = scope.features(factor.features)
        asked["keep_scale"] = factor.scale or 0.0
    simple = rest and all(type(f) is _Classified and f.identity == rest[0].identity for f in rest)
    if simple and sum(bool(f.favored) for f in rest) <= 1 and sum(bool(f.avoided) for f in rest) <= 1:
        asked["classifier"] = scope.classifier(rest[0])
        asked["favor"] = [name for f in rest for name in f.favored]
        asked["avoid"] = [name for f in rest for name in f.avoided]
    elif rest:
        asked["feature"] = product_of(rest)._expression(scope)
    return asked, prior


@with_options(_path_options)
def find_path(decoder, z0, z1=None, *, quality=None, prior=None, judge=None, embedding_features=None, loop=False,
              first_paths=None, progress=None, **options):
    """The best path between two latent points: short in the space of what the decoder makes, and through places of high
    quality. Maximises exp(−∫ −log Q ‖(Φγ)'‖ dt) over curves γ (paper A, Definition 1), from several first paths.

        path = lp.find_path(decoder, z0, z1, quality=lp.favor(classifier, 8), segments=64)
        path.nodes, path.times, path.figures, path.termination

    decoder: a torch module or any function of tensors, [n, D] → [n, …], differentiable; modules are in eval mode for
        the call, with frozen parameters, and restored. Attributes of a module say what cannot be seen: output_range,
        prior, latent_dim, and input_range, class_names and so on of a classifier. Or a model's file, which the core reads
        itself, with what stands beside it, as the program does.
    z0, z1: [D] or [pairs, D], torch or NumPy; latents of any other shape: [pairs, …]. Nodes come back in their shape
        and type, on the decoder's device. z1 is left out for a loop; nearest() or level_set() in its place is an end that
        is sought.
    quality: favor(), avoid(), class_probability(), quality(), a function z [n, D] → [n] in [0, 1], and products, powers
        and complements of them; none: the shortest path. Of a batch also a list of one for each pair, or labels:
        favor(classifier, [8, 3, 8]); what becomes of a pair is what becomes of it alone
    prior: what the latents are drawn from: a name, prior_samples(), latents [n, D], or a factor of `quality`
    judge: a second classifier, which is not optimised and reported beside the one that favor() and avoid() ask: a module,
        a function, or a model's file
    embedding_features: a module, function or model's file, images [n, …] → [n, F]: lengths are distances of these, and not
        of images
    loop: back to z0
    first_paths: [pairs, nodes, D], a further start for each pair
    progress: True, False, a function (stage, done, total, cost), or None: where tqdm is installed and somebody watches

    Ctrl-C gives the best path so far (`path.interrupted`), a second one stops. Returns a Path; not converging is a
    result, with its reason. Raises ArgumentError, ModelError, NumericalError, or what the decoder raised.
    """
    if loop == (z1 is not None):
        raise ValueError("give `z1`, or `loop=True` to return to `z0`; not both")
    values = _path_options.values("find_path", options)
    end = z1 if isinstance(z1, (LevelSet, Nearest)) else None
    points = _Points(z0, z0 if loop or end else z1)
    (nodes, times, record), device = _searched(ops.interpolate, decoder, points, quality, prior, judge, first_paths, progress, values,
                                               features=embedding_features, end=end)
    return Path(record, nodes, times, points, device, decoder)


def limit_memory(values, device):
    """A half of what a GPU has left, unless `memory` is given; what torch holds there and does not use is left, too."""
    if device.type == "cuda" and "memory" not in values:
        free = torch.cuda.mem_get_info(device)[0]
        values["memory"] = (free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)) / 2e9


def _searched(operator, decoder, points, quality, prior, judge, first_paths, progress, values, more=(), features=None, end=None):
    """What an operator of the core finds, and the decoder's device."""
    values.setdefault("threads", torch.get_num_threads())
    quality = as_qualities(quality)
    callables = [decoder, judge, features, *(quality._callables() if quality is not None else []),
                 *(end._callables() if end is not None else [])]
    with Search() as search, progress_of(search, progress), evaluated(callables), tempfile.TemporaryDirectory() as folder:
        exact = points.start.dtype
        described, device = describe_model(search, decoder, "decoder", points.device, exact, points.latent_shape)
        limit_memory(values, device)
        scope = Scope(search, device, exact, points.latent_shape)
        asked, factor = _asked_of_pairs(quality, points.start.shape[0], scope)
        hidden = set_prior(values, prior, factor, folder)
        tensors = [points.start, points.end]
        if first_paths is not None:
            tensors.append(points.first_paths(first_paths))
        request = {"search": search.number, "options": values, "decoder": described, **asked, **dict(more)}
        if end is not None:
            request.update(end._request(scope))
        if judge is not None:
            if end is None and not any("classifier" in part for part in asked.get("groups", [asked])):
                raise ValueError("`judge` looks for what favor() and avoid() of one classifier ask, alone or times a prior and "
                                 "kept features; this quality asks for something else")
            request["judge"] = describe_model(search, judge, "judge", device, exact)[0]
        if features is not None:
            request["embedding_features"] = scope.features(features)
        return run_job(operator, search, request, tensors, hidden), device


@with_options(_tour_options)
def find_tour(decoder, points, *, closed=False, quality=None, prior=None, judge=None, progress=None, **options):
    """One smooth path through points in turn: the best path from each to the next, bent near the points as far as 5 % of
    their cost allow (docs/algorithms/tour.md).

        tour = lp.find_tour(decoder, [z0, z1, z2], quality=lp.favor(classifier, [8, 3]))   # first an eight, then a three
        tour.tour, tour.tour_times

    points: [points, D] or a list of [D]; latents of any other shape: [points, …]
    closed: back to the first point
    quality: as of find_path(), of all legs; or one for each leg, or labels

    Everything else as of find_path(). Returns a Tour: a Path of its legs, with the tour itself.
    """
    values = _tour_options.values("find_tour", options)
    if isinstance(points, (list, tuple)):
        points = torch.stack([torch.as_tensor(point) for point in points])
    points = torch.as_tensor(points)
    if points.dim() < 2 or points.shape[0] < 2:
        raise ValueError(f"`points` must have the shape [points, D], with two points or more, not {list(points.shape)}")
    legs = _Points(points if closed else points[:-1], torch.roll(points, -1, 0) if closed else points[1:])
    more = {"legs_of_tour": legs.start.shape[0], "closed": closed}
    (nodes, times, whole, whole_times, record), device = _searched(
        ops.tour, decoder, legs, quality, prior, judge, None, progress, values, more)
    return Tour(record, nodes, times, legs, device, decoder, whole, whole_times)


@with_options(_geodesic_options)
def geodesic(chart, z0, z1, *, metric=None, quality=None, first_paths=None, progress=None, **options):
    """Shortest paths on a manifold, with certificates: by Newton's method where it pays, and compared with the global
    optimum by fast marching for up to two coordinates.

        path = lp.geodesic(lambda z: torch.cat([z, z.square().sum(1, keepdim=True)], 1), z0, z1)
        path.figures[0]["path"]["length"]

    chart: a function [n, D] → [n, …] of tensors, float64 and differentiable, twice where it can be; or None, with
        the option `manifold` (its name; `parameters`) or with `metric`
    z0, z1: [D] or [pairs, D]
    metric: a function z [n, D] → G(z) [n, D, D], symmetric positive definite, in the place of a chart
    quality: a function z [n, D] → [n] in [0, 1] that weighs lengths, n = −log Q; none: lengths are distances
    first_paths: [pairs, nodes, D]

    Returns a Path.
    """
    values = _geodesic_options.values("geodesic", options)
    if chart is None and metric is None and "manifold" not in values:
        raise ArgumentError("a manifold is missing: give `chart`, a function of tensors, `metric`, or the option `manifold`")
    values.setdefault("threads", torch.get_num_threads())
    points = _Points(z0, z1)
    quality = None if quality is None else as_quality(quality)
    callables = [c for c in (chart, metric) if c is not None] + (quality._callables() if quality is not None else [])
    with Search() as search, progress_of(search, progress), evaluated(callables):
        request = {"search": search.number, "options": values}
        for name, function in (("chart", chart), ("metric", metric)):
            if function is None:
                continue
            if not callable(function):
                raise TypeError(f"`{name}` must be a function of tensors, not {type(function).__name__}")
            request[name] = describe_points_function(search, function, name, points.device, shape=points.latent_shape)
        if quality is not None:
            request["quality"] = quality._expression(Scope(search, points.device, None, points.latent_shape))
        tensors = [points.start.double(), points.end.double()]
        if first_paths is not None:
            tensors.append(points.first_paths(first_paths).double())
        nodes, times, record = run_job(ops.geodesic, search, request, tensors)
    return Path(record, nodes, times, points, points.device, None)


def _sample(points, name):
    """[points, d], or numbers on a line [points], as the core takes them."""
    points = torch.as_tensor(points)
    if points.is_complex() or points.dtype == torch.bool:
        raise TypeError(f"`{name}` must hold real numbers, not {points.dtype}")
    if points.dim() not in (1, 2) or points.numel() == 0:
        raise ValueError(f"`{name}` must have the shape [points, d], not {list(points.shape)}")
    return points if points.dim() == 2 else points.unsqueeze(1)


@with_options(_measure_options)
def measures(x, y, *, x_weights=None, y_weights=None, quality=None, progress=None, **options):
    """A path between two samples of points: the cost Σ MMD²(Xʲ⁺¹, Xʲ) lowered over the points in between (paper A,
    Eq. 13), beside the mixture and the displacement by optimal transport.

        path = lp.measures(x, y, steps=10)
        path.points, path.times, path.figures, path.termination

    x, y: [n, d] and [m, d], torch or NumPy; [n] are numbers on a line
    x_weights, y_weights: [n] and [m], not negative; none: all alike
    quality: a function of points [n, d] → [n] in [0, 1]: where moving points are good
    progress: True, False, a function (stage, done, total, cost), or None: where tqdm is installed and somebody watches

    Returns a MeasurePath. Raises ArgumentError, ModelError, NumericalError, or what the quality raised.
    """
    values = _measure_options.values("measures", options)
    values.setdefault("threads", torch.get_num_threads())
    quality = None if quality is None else as_quality(quality)
    first, second = _sample(x, "x"), _sample(y, "y")
    back = torch.promote_types(first.dtype, second.dtype)
    back = back if torch.empty(0, dtype=back).is_floating_point() else torch.get_default_dtype()
    tensors = [sample.detach().to("cpu", torch.float64) for sample in (first, second)]
    with Search() as search, progress_of(search, progress), evaluated(quality._callables() if quality is not None else []):
        request = {"search": search.number, "options": values}
        for name, weights in (("x_weights", x_weights), ("y_weights", y_weights)):
            if weights is not None:
                request[name] = True
                tensors.append(torch.as_tensor(weights).detach().to("cpu", torch.float64))
        if quality is not None:
            request["quality"] = quality._expression(Scope(search, first.device, None, None))
        points, times, weights, record = run_job(ops.measures, search, request, tensors)
    return MeasurePath(record, points, times, weights, first.device, back)
