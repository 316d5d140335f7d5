"""--method paper2019 and --cost endpoint-mean: the method of the 2019 paper, to compare with."""

import numpy as np
import pytest

from test_prior import files, path, rank  # noqa: F401  (fixtures)


def endpoint_mean(nodes, quality, epsilon):
    """The 2019 paper's Eq. 3 times the number of segments, for a decoder that halves its latents."""
    q = epsilon + (1 - 2 * epsilon) * quality
    chord = ((0.5 * np.diff(nodes, axis=0)) ** 2).sum(1)
    return len(chord) * (np.log(0.5 * (q[1:] + q[:-1])) ** 2 * chord).sum()


def test_the_cost_is_equation_3(path, rank):  # noqa: F811
    result = path(prior="semicircle", cost="endpoint-mean").ok()
    figures, nodes = result.pairs[0]["path"], result.path[0].astype(float)
    # The quality by another 60 000 samples.
    assert figures["cost"] == pytest.approx(endpoint_mean(nodes, rank(nodes), 0.1), rel=0.05)
    assert figures["cost_refined"] == pytest.approx(figures["length"] ** 2, rel=0.1)
    assert figures["cost_refined"] < 0.5 * result.pairs[0]["linear"]["cost_refined"]


def test_gradient_descent_from_the_straight_line(path, rank):  # noqa: F811
    asked = {"prior": "semicircle", "prior_rank": "paper", "prior_alpha": 0.9, "epsilon": 0, "method": "paper2019",
             "learning_rate": 1e-5}  # the first gradient is in the ten thousands
    result = path(max_iterations=300, **asked).ok()
    document, nodes = result.document, result.path[0].astype(float)
    assert document["summary"]["cost"] == "endpoint-mean" and document["summary"]["method"].startswith("SGD")
    assert "polyline" in document["summary"]["curve"] and result.pairs[0]["path"]["start"] == "linear"
    assert np.allclose(result.times[0], np.linspace(0, 1, 17))
    # It gets better and stays on its own side: no other start, no grid but its own.
    assert result.pairs[0]["path"]["cost_refined"] < result.pairs[0]["linear"]["cost_refined"]
    assert np.array_equal(nodes, path(max_iterations=300, **asked).ok().path[0])


def test_a_step_of_its_own(path, rank):  # noqa: F811
    """Without a learning rate each pair descends as fast as its straight line allows, and no faster."""
    asked = {"prior": "semicircle", "prior_rank": "paper", "prior_alpha": 0.9, "epsilon": 0, "method": "paper2019"}
    result = path(max_iterations=300, **asked).ok()
    assert result.document["summary"]["method"].startswith("SGD, learning rate")
    figures = result.pairs[0]
    assert figures["path"]["cost_refined"] < 0.9 * figures["linear"]["cost_refined"]
    assert figures["path"]["start"] == "linear"
