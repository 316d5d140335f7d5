"""The best path between two points of a generative model's latent space.

    import latentpath as lp
    path = lp.find_path(decoder, z0, z1, quality=lp.favor(classifier, 8), segments=64)
    path.nodes, path.times, path.figures, path.termination, path.verdict

Decoders and classifiers are torch modules, or any functions of tensors. docs/python.md of the project has it all.
"""

from ._core import TORCH_VERSION, __version__, build_facts
from ._errors import ArgumentError, ClusterError, LatentPathError, LatentPathWarning, ModelError, NumericalError
from ._evaluate import Evaluation, evaluate
from ._export import export
from ._measures import MeasurePath
from ._path import Figures, Path, Strip, Tour, Verdict
from ._quality import (
    Prior,
    Quality,
    avoid,
    class_probability,
    favor,
    keep_features,
    level_set,
    nearest,
    normal_prior,
    prior,
    prior_samples,
    quality,
    shift_odds,
)
from ._maps import distances, exponential_map, frechet_mean, logarithm_map, parallel_transport, sectional_curvature
from ._search import find_path, find_tour, geodesic, measures

__all__ = [
    "ArgumentError",
    "ClusterError",
    "Evaluation",
    "Figures",
    "LatentPathError",
    "LatentPathWarning",
    "MeasurePath",
    "ModelError",
    "NumericalError",
    "Path",
    "Prior",
    "Quality",
    "Strip",
    "TORCH_VERSION",
    "Tour",
    "Verdict",
    "__version__",
    "avoid",
    "build_facts",
    "class_probability",
    "distances",
    "evaluate",
    "exponential_map",
    "export",
    "favor",
    "find_path",
    "find_tour",
    "frechet_mean",
    "geodesic",
    "keep_features",
    "level_set",
    "logarithm_map",
    "measures",
    "nearest",
    "normal_prior",
    "parallel_transport",
    "prior",
    "prior_samples",
    "quality",
    "sectional_curvature",
    "shift_odds",
]


def __getattr__(name):
    """Modules that are loaded when they are first asked for."""
    if name in ("cluster", "shards", "tables"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
