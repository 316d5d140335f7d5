"""nearest() in the place of an end: the shortest path to wherever a quality is high enough."""

import math

import pytest
import torch

import latentpath as lp
from conftest import QUICK


class Stretched(torch.nn.Module):
    latent_dim = 2

    def forward(self, z):
        return z * torch.tensor([3.0, 1.0], dtype=z.dtype)


def beyond(z):
    """Above one half where x + y is above 1."""
    return torch.sigmoid(8 * (z.sum(1) - 1))


def test_the_end_is_the_nearest_by_the_decoder():
    start = torch.zeros(2, dtype=torch.float64)
    path = lp.find_path(Stretched(), start, lp.nearest(beyond, 0.9), **QUICK)
    total = 1 + math.log(9) / 8  # 9 x² + y² is least on x + y = s where x = s/10
    assert path.nodes[0].tolist() == [0, 0]
    assert path.nodes[-1].tolist() == pytest.approx([total / 10, 0.9 * total], abs=5e-3)
    end = path.summary["pairs"][0]["nearest_end"]
    assert end["probability"] >= 0.8999 and end["certainty"] == 0.9


def test_of_a_classifier_and_a_batch(models, ends):
    decoder, classifier = models
    z0 = torch.stack([ends[0], ends[1]])
    with torch.no_grad():  # a certainty that a twentieth of the samples have
        certainty = float(classifier(decoder(torch.randn(4000, 2))).softmax(1)[:, 1].quantile(0.95))
    path = lp.find_path(decoder, z0, lp.nearest(lp.favor(classifier, 1), certainty), **QUICK)
    assert path.nodes.shape[0] == 2 and torch.equal(path.nodes[:, 0], z0)
    with torch.no_grad():
        reached = classifier(decoder(path.nodes[:, -1])).softmax(1)[:, 1]
    told = [pair["nearest_end"]["probability"] for pair in path.summary["pairs"]]
    assert reached.tolist() == pytest.approx(told, abs=1e-4) and min(told) >= certainty - 1e-4


def test_a_level_set_is_reached_at_the_foot_of_the_perpendicular():
    for start in ([0.0, 0.0], [3.0, 2.0]):  # from either side
        path = lp.find_path(Stretched(), torch.tensor(start, dtype=torch.float64), lp.level_set(lambda z: z.sum(1) - 1), **QUICK)
        step = (1 - sum(start)) / 10  # 9 x² + y² of the way is least on x + y = 1 − start where y = 9 x
        assert path.nodes[-1].tolist() == pytest.approx([start[0] + step, start[1] + 9 * step], abs=2e-3)
        end = path.summary["pairs"][0]["nearest_end"]
        assert end["level_set"] == "function" and abs(end["value"]) < 1e-3


@pytest.mark.parametrize("function, words", [
    (lambda z: z, "one number each"),
    (lambda z: z.detach().sum(1), "has no gradient"),
])
def test_what_is_no_level_set_is_refused(function, words):
    with pytest.raises(lp.ModelError, match=words):
        lp.find_path(Stretched(), torch.zeros(2), lp.level_set(function), **QUICK)
    with pytest.raises(TypeError, match="nearest"):
        lp.level_set(lp.quality(beyond))


@pytest.mark.parametrize("quality, certainty, words", [
    (beyond, 1, "below 1"),
    (beyond, "sure", "below 1"),
    (lp.normal_prior(), 0.9, "a prior"),
])
def test_what_is_no_end_is_refused(quality, certainty, words):
    with pytest.raises(ValueError, match=words):
        lp.nearest(quality, certainty)


def test_a_loop_has_no_other_end():
    with pytest.raises(ValueError, match="not both"):
        lp.find_path(Stretched(), torch.zeros(2), lp.nearest(beyond), loop=True)
