"""measures(): paths between samples, against what is known of them."""

import json

import numpy as np
import pytest
import torch

import latentpath as lp


@pytest.fixture(scope="module")
def samples():
    random = torch.Generator().manual_seed(1)
    x = torch.randn(24, 2, generator=random)
    return x, x + torch.tensor([2.0, -1.0])


def test_the_mixture_attains_the_bound_and_displacement_is_a_shift(samples):
    x, y = samples
    path = lp.measures(x, y, steps=4, start="matched")
    assert path.points.shape == (5, 24, 2) and path.points.dtype == torch.float32 and len(path) == 5
    assert torch.allclose(path.weights, torch.full((5, 24), 1 / 24))
    assert path.times.tolist() == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    figures = path.figures[0]
    assert figures["mixture"]["cost_over_lower_bound"] == pytest.approx(1, rel=1e-9)
    assert figures["displacement"]["squared_wasserstein"] == pytest.approx(5, rel=1e-5)  # ‖(2, −1)‖², float32 samples
    assert figures["path"]["cost"] <= figures["displacement"]["cost"]
    assert "MMD" in repr(path) and path.verdict in ("good", "fair", "bad")


def test_weights_numbers_on_a_line_and_numpy():
    path = lp.measures(np.array([0.0, 1.0]), np.array([0.0, 1.0, 4.0]), y_weights=[1, 1, 2], kind="mixture", steps=2)
    assert path.points.dtype == torch.float64 and path.points.shape[2] == 1
    end = {round(float(p), 9): float(w) for p, w in zip(path.points[-1].flatten(), path.weights[-1]) if w > 0}
    assert end == pytest.approx({0.0: 0.25, 1.0: 0.25, 4.0: 0.5})


def test_a_quality_is_asked_and_what_it_raises_comes_back(samples):
    x, y = samples
    asked = []

    def valley(points):
        asked.append(points.shape)
        return torch.exp(-points[:, 1].square())

    path = lp.measures(x, y, steps=3, quality=valley, max_iterations=5)
    assert asked and path.figures[0]["path"]["min_quality"] is not None

    def broken(points):
        raise ZeroDivisionError("no quality today")

    with pytest.raises(ZeroDivisionError, match="no quality today"):
        lp.measures(x, y, quality=broken)


@pytest.mark.parametrize("change, words", [
    ({"y": torch.zeros(3, 3)}, "dimension"),
    ({"x": torch.zeros(2, 2, 2)}, "`x` must have the shape"),
    ({"x_weights": [1, 2]}, "one weight for each"),
    ({"x": torch.tensor([[0.0, float("nan")]])}, "NaN"),
    ({"step": 3}, "steps"),
    ({"kernel": "gauss"}, "gaussian"),
])
def test_bad_input_is_one_sentence(samples, change, words):
    with pytest.raises((lp.LatentPathError, ValueError, TypeError), match=words):
        lp.measures(**{"x": samples[0], "y": samples[1], **change})


def test_a_run_folder_as_the_program_writes_it(samples, tmp_path):
    x, y = samples
    path = lp.measures(x, y[:20], steps=3, kind="mixture")
    path.save(tmp_path / "run")
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    assert document["summary"]["kind"] == "mixture"
    assert np.load(tmp_path / "run" / "path.npy").shape[0] == 1
    assert np.allclose(np.load(tmp_path / "run" / "weights.npy")[0].sum(1), 1)
    with pytest.raises(lp.LatentPathError, match="folder"):
        path.save(tmp_path / "run")
