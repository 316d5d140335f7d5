"""Maps of a manifold: exponential, logarithm, parallel transport, Fréchet mean, distances, curvature; torch in and out."""

import torch

from ._calls import Search, describe_points_function, evaluated
from ._core import ops
from ._errors import ArgumentError
from ._options import with_options
from ._search import _geodesic_options, run_job


class _Rows:
    """Points or vectors as the core takes them, [n, D] float64 on the CPU, and how what it finds goes back. Points of more
    dimensions are matrices of the manifolds that have such: [rows, columns] with `matrices`."""

    def __init__(self, rows, name, matrices):
        rows = torch.as_tensor(rows)
        if rows.is_complex() or rows.dtype == torch.bool:
            raise TypeError(f"`{name}` must hold real numbers, not {rows.dtype}")
        if not rows.is_floating_point():
            rows = rows.to(torch.get_default_dtype())
        width = 2 if matrices else 1
        if rows.dim() not in (width, width + 1) or rows.numel() == 0:
            shape = "[rows, columns] or [n, rows, columns]" if matrices else "[D] or [n, D]"
            raise ValueError(f"`{name}` must have the shape {shape}, not {list(rows.shape)}")
        self.single = rows.dim() == width
        self.shape = tuple(rows.shape[-width:])
        self.dtype, self.device = rows.dtype, rows.device
        self.rows = rows.detach().to("cpu", torch.float64).reshape(-1, rows.shape[-width:].numel()).contiguous()

    def back(self, rows, single):
        rows = rows.to(self.device, self.dtype).reshape(*rows.shape[:-1], *self.shape)
        return rows[0] if single else rows


def _asked(name, chart, given, arrays, options, flags=()):
    """Arrays that the core finds of points and vectors {what: (name, rows)}, and their record."""
    values = _geodesic_options.values(name, options)
    if chart is None and "manifold" not in values:
        raise ArgumentError(f"{name}(): a manifold is missing: give `chart`, a function of tensors, or the option `manifold`")
    values.setdefault("threads", torch.get_num_threads())
    matrices = values.get("manifold") in ("spd", "so3", "grassmann", "stiefel")
    rows = {what: _Rows(value, argument, matrices and what != "weights") for what, (argument, value) in given.items()}
    with Search() as search, evaluated([chart] if chart is not None else []):
        request = {"search": search.number, "options": values, "arrays": list(arrays), "tensors": list(rows), **dict(flags)}
        if chart is not None:
            if not callable(chart):
                raise TypeError(f"`chart` must be a function of tensors, not {type(chart).__name__}")
            request["chart"] = describe_points_function(search, chart, "chart", next(iter(rows.values())).device)
        tensors = [row.rows.flatten() if what == "weights" else row.rows for what, row in rows.items()]
        found, record = run_job(ops.geodesic_maps, search, request, tensors)
        if search.interrupted:
            raise KeyboardInterrupt  # half a table is none
    return found, record["summary"], rows


@with_options(_geodesic_options)
def exponential_map(chart, z, v, **options):
    """Where the geodesics that leave z with the velocity v are at time 1, exp_z(v).

        lp.exponential_map(None, [0.1, 0.2], [0.3, -0.1], manifold="poincare")

    chart: a function of tensors, twice differentiable, or None with the option `manifold`, as of geodesic()
    z, v: [D] or [n, D]; of matrix manifolds (spd, so3, grassmann, stiefel) [rows, columns] or [n, rows, columns]

    Returns the points, in the shape and type of z. Raises NumericalError where a geodesic leaves the chart.
    """
    (end,), _, rows = _asked("exponential_map", chart, {"start": ("z", z), "exp": ("v", v)}, ["exp.npy"], options)
    return rows["start"].back(end, rows["start"].single and rows["exp"].single)


@with_options(_geodesic_options)
def logarithm_map(chart, z0, z1, **options):
    """The velocities at z0 whose geodesics lead to z1: those of the shortest geodesics that geodesic() finds. A warning says
    where there are others as short, as between antipodes of a sphere.

        lp.logarithm_map(None, [0.1, 0.2], [0.7, -0.2], manifold="sphere")

    chart, z0, z1: as of exponential_map(). Returns [D] or [n, D].
    """
    (velocity,), _, rows = _asked("logarithm_map", chart, {"start": ("z0", z0), "end": ("z1", z1)}, ["log.npy"], options,
                                  {"log": True})
    return rows["start"].back(velocity, rows["start"].single and rows["end"].single)


@with_options(_geodesic_options)
def parallel_transport(chart, w, z0=None, z1=None, *, velocity=None, along=None, **options):
    """The vector w at z0, carried along the geodesic to z1, or along that which leaves z0 with `velocity`, or along a polyline.

        lp.parallel_transport(None, [1.0, 0.0], [0.1, 0.2], [0.7, -0.2], manifold="sphere")

    w, z0, z1, velocity: [D] or [n, D]; of matrix manifolds as of exponential_map()
    along: [nodes, D], in the place of z0: straight segments of the chart

    Returns the vectors at the end, and the estimated error of each relative to its length, by twice as many parts.
    """
    if sum(way is not None for way in (z1, velocity, along)) != 1 or (z0 is None) == (along is None):
        raise ValueError("give `z0` with `z1` or `velocity`, or `along`")
    given = {"along": ("along", along)} if along is not None else {"start": ("z0", z0)}
    if z1 is not None:
        given["end"] = ("z1", z1)
    if velocity is not None:
        given["exp"] = ("velocity", velocity)
    given["transport"] = ("w", w)
    (carried,), summary, rows = _asked("parallel_transport", chart, given, ["transport.npy"], options)
    single = rows["transport"].single and all(rows[way].single for way in ("start", "end", "exp") if way in rows)
    errors = torch.tensor([pair["path"]["transport_error"] for pair in summary["pairs"]], dtype=torch.float64)
    return rows["transport"].back(carried, single), errors[0] if single else errors


@with_options(_geodesic_options)
def frechet_mean(chart, points, *, weights=None, **options):
    """The point whose mean squared distance to the points is least, and its figures: variance, gradient_norm, converged,
    unique, others (docs/algorithms/frechet_mean.md). A warning says where it may not be the only one.

        mean, figures = lp.frechet_mean(None, points, manifold="spd", parameters=3)

    points: [n, D]; of matrix manifolds [n, rows, columns]. weights: [n], not negative; none: all alike
    """
    given = {"mean": ("points", points)}
    if weights is not None:
        given["weights"] = ("weights", weights)
    (mean,), summary, rows = _asked("frechet_mean", chart, given, ["mean.npy"], options)
    return rows["mean"].back(mean, False), summary["mean"]


@with_options(_geodesic_options)
def distances(chart, points, **options):
    """All distances between points [n, D] (of matrix manifolds [n, rows, columns]), [n, n].

        lp.distances(None, points, manifold="torus", parameters=(2, 1))
    """
    (table,), _, rows = _asked("distances", chart, {"matrix": ("points", points)}, ["distances.npy"], options)
    return table.to(rows["matrix"].device, rows["matrix"].dtype)


@with_options(_geodesic_options)
def sectional_curvature(chart, z, **options):
    """Gauss's curvature at z, [D] or [n, D] with D = 2: a number each; with more coordinates [D, D] each, of the planes of an
    orthonormal frame.

        lp.sectional_curvature(None, [0.0, 3.1], manifold="torus", parameters=(2, 1))
    """
    (curvature,), _, rows = _asked("sectional_curvature", chart, {"start": ("z", z)}, ["curvature.npy"], options,
                                   {"curvature": True})
    curvature = curvature.to(rows["start"].device, rows["start"].dtype)
    return curvature[0] if rows["start"].single else curvature
