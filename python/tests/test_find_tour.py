"""find_tour(): smooth paths through points in turn."""

import numpy
import pytest
import torch

import latentpath as lp
from conftest import QUICK

POINTS = torch.tensor([[-1.2, 0.4], [1.1, 0.9], [0.2, -1.3], [-0.5, -0.2]])


def test_passes_its_points_and_is_smooth_there(models, tmp_path):
    decoder, _ = models
    tour = lp.find_tour(decoder, POINTS, segments=16)
    told = tour.summary["tours"][0]
    assert len(tour) == 3 and tour.nodes.shape == (3, 17, 2) and tour.tour.shape == (193, 2)
    assert torch.equal(tour.tour[told["point_nodes"]], POINTS)
    assert told["bent"] > 0 and told["velocity_jump"] < 1e-3 < told["legs_velocity_jump"]
    assert told["cost_refined"] <= 1.05 * told["legs_cost_refined"]
    assert tour.tour_times[0] == 0 and tour.tour_times[-1] == 1 and (tour.tour_times.diff() > 0).all()
    tour.save(tmp_path / "run")
    assert numpy.load(tmp_path / "run" / "tour.npy").shape == (1, 193, 2)


def test_each_leg_may_ask_for_something_else(models):
    decoder, classifier = models
    asked = {"segments": 16, "max_iterations": 20}
    tour = lp.find_tour(decoder, list(POINTS), closed=True, quality=lp.favor(classifier, [1, 2, 1, 0]), **asked)
    assert len(tour) == 4 and torch.equal(tour.tour[0], tour.tour[-1])
    alone = lp.find_path(decoder, POINTS[1], POINTS[2], quality=lp.favor(classifier, 2), **asked)
    assert tour.figures.column("cost_refined")[1] == pytest.approx(alone.figures.column("cost_refined")[0], rel=1e-6)
    told = tour.summary["tours"][0]
    assert told["legs_cost_refined"] == pytest.approx(sum(tour.figures.column("cost_refined")), rel=0.05)


def test_corners_stay_where_they_are_asked_for(models):
    decoder, _ = models
    sharp = lp.find_tour(decoder, POINTS, corners="sharp", **QUICK)
    assert sharp.summary["tours"][0]["bent"] == 0
    # Nodes of a leg, and three more between any two.
    assert torch.allclose(sharp.tour[:33:4], sharp.nodes[0], atol=1e-6)


def test_what_is_no_tour(models):
    decoder, classifier = models
    with pytest.raises(ValueError, match="two points or more"):
        lp.find_tour(decoder, POINTS[:1], **QUICK)
    with pytest.raises(lp.ArgumentError, match="density_regularisation"):
        lp.find_tour(decoder, POINTS, density_regularisation="auto", **QUICK)
    with pytest.raises(ValueError, match="2 labels, and there are 3 pairs"):
        lp.find_tour(decoder, POINTS, quality=lp.favor(classifier, [1, 2]), **QUICK)
    with pytest.raises(TypeError, match="no option 'corners'"):
        lp.find_path(decoder, POINTS[0], POINTS[1], corners="sharp", **QUICK)
