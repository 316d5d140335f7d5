"""geodesic(): charts and metrics as functions, against closed forms."""

import math

import pytest
import torch

import latentpath as lp


def half_sphere(z):
    return torch.cat([z, (1 - z.square().sum(1, keepdim=True)).sqrt()], 1)


def test_great_circle_on_a_chart_of_the_sphere():
    z0, z1 = torch.tensor([0.0, 0.1], dtype=torch.float64), torch.tensor([0.7, 0.2], dtype=torch.float64)
    path = lp.geodesic(half_sphere, z0, z1)
    x0, x1 = half_sphere(z0[None])[0], half_sphere(z1[None])[0]
    # Richardson's extrapolation of a chord length with 100 segments.
    assert path.figures[0]["path"]["length"] == pytest.approx(math.acos(float(x0 @ x1)), rel=1e-4)
    assert path.nodes.shape == (101, 2) and path.termination == "converged"


def test_by_name_and_as_a_function_agree():
    z0, z1 = torch.tensor([0.0, 0.1]), torch.tensor([0.7, 0.2])
    named = lp.geodesic(None, z0, z1, manifold="half-sphere")
    # The papers' half-sphere: the plane seen from the centre of the sphere above it.
    own = lp.geodesic(lambda z: torch.nn.functional.normalize(torch.cat([z, -torch.ones_like(z[:, :1])], 1)), z0, z1)
    assert own.figures.column("length") == pytest.approx(named.figures.column("length"), rel=1e-4)


def test_the_half_plane_as_a_metric():
    def metric(z):
        return torch.eye(2, dtype=z.dtype) / z[:, 1].square().reshape(-1, 1, 1)

    path = lp.geodesic(None, [-1.0, 1.0], [1.0, 1.0], metric=metric)
    # d = arcosh(1 + ‖z1 − z0‖² / (2 y0 y1))
    assert path.figures[0]["path"]["length"] == pytest.approx(math.acosh(3), rel=1e-3)


def test_a_quality_weighs_lengths():
    plane = lp.geodesic(lambda z: z, [0.0, 0.0], [1.0, 0.0], quality=lambda z: torch.full_like(z[:, 0], math.exp(-2)))
    assert plane.figures[0]["path"]["length"] == pytest.approx(2, rel=1e-6)


def test_refusals_name_the_argument():
    with pytest.raises(TypeError, match="`chart`"):
        lp.geodesic("chart.pt", [0.0, 0.0], [1.0, 0.0])
    with pytest.raises(lp.ArgumentError, match="`manifold`"):
        lp.geodesic(None, [0.0, 0.0], [1.0, 0.0], manifold="no-such")
    with pytest.raises(lp.ArgumentError, match="a manifold is missing: give `chart`"):
        lp.geodesic(None, [0.0, 0.0], [1.0, 0.0])
    with pytest.raises(lp.ArgumentError, match=r"exponential_map\(\): a manifold is missing"):
        lp.exponential_map(None, [0.0, 0.0], [1.0, 0.0])
    with pytest.raises(ZeroDivisionError):
        lp.geodesic(lambda z: 1 / 0, [0.0, 0.0], [1.0, 0.0])


def test_a_manifold_of_one_number_takes_it_as_a_number():
    ends = [0.0, 0.0], [1.0, 0.5]
    as_text = lp.geodesic(None, *ends, manifold="paraboloid", parameters="2")
    for parameters in (2, 2.0, [2], torch.tensor(2.0)):
        found = lp.geodesic(None, *ends, manifold="paraboloid", parameters=parameters)
        assert torch.equal(found.nodes, as_text.nodes)
