"""Maps, means, distances and curvature, against closed forms."""

import math

import pytest
import torch

import latentpath as lp


def disc_exponential(z, v):
    w = math.tanh(abs(v) / (1 - abs(z) ** 2)) * v / abs(v)
    return (w + z) / (1 + z.conjugate() * w)


def test_exponential_and_logarithm_undo_each_other():
    z, v = torch.tensor([[0.1, 0.2], [-0.3, 0.4]], dtype=torch.float64), torch.tensor([0.3, -0.1], dtype=torch.float64)
    end = lp.exponential_map(None, z, v, manifold="poincare")
    assert end.shape == (2, 2) and end.dtype == torch.float64
    for point, found in zip(z, end):
        assert abs(complex(*found) - disc_exponential(complex(*point), complex(*v))) < 1e-8
    assert torch.allclose(lp.logarithm_map(None, z, end, manifold="poincare"), v.expand(2, 2), atol=1e-8)


def test_transport_keeps_lengths_and_tells_its_error():
    carried, error = lp.parallel_transport(None, [1.0, 0.0], [0.0, 0.0], [0.0, 0.5], manifold="sphere")
    # Along a meridian through the chart's middle the factor 2/(1 + |z|^2) alone changes.
    assert torch.allclose(carried, torch.tensor([1.25, 0.0]), atol=1e-6) and 0 <= error < 1e-9
    again, _ = lp.parallel_transport(None, [1.0, 0.0], along=[[0.0, 0.0], [0.0, 0.5]], manifold="sphere")
    assert torch.allclose(again, carried, atol=1e-6)
    with pytest.raises(ValueError):
        lp.parallel_transport(None, [1.0, 0.0], [0.0, 0.0], manifold="sphere")


def test_means_and_distances_of_matrices():
    points = torch.tensor([[[1.0, 0.0], [0.0, 8.0]], [[4.0, 0.0], [0.0, 2.0]]], dtype=torch.float64)
    mean, figures = lp.frechet_mean(None, points, manifold="spd", parameters=2)
    assert torch.allclose(mean, torch.tensor([[2.0, 0.0], [0.0, 4.0]], dtype=torch.float64), atol=1e-8)
    assert figures["converged"] and figures["unique"]
    table = lp.distances(None, points, manifold="spd", parameters=2)
    assert table[0, 1].item() == pytest.approx(math.log(4) * math.sqrt(2), abs=1e-10)
    weighted, _ = lp.frechet_mean(None, points, weights=[1.0, 0.0], manifold="spd", parameters=2)
    assert torch.allclose(weighted, points[0], atol=1e-8)


def test_curvature():
    z = torch.tensor([[0.3, 0.2], [1.0, 2.5]], dtype=torch.float64)
    truth = torch.cos(z[:, 1]) / (2 + torch.cos(z[:, 1]))
    assert torch.allclose(lp.sectional_curvature(None, z, manifold="torus", parameters=(2, 1)), truth, atol=1e-8)


def test_refusals():
    with pytest.raises(lp.LatentPathError):
        lp.exponential_map(None, [0.1, 0.2], [1.0, 2.0, 3.0], manifold="sphere")
    with pytest.raises(ValueError):
        lp.frechet_mean(None, [1.0, 2.0], manifold="spd", parameters=2)
