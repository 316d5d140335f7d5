"""Latents of which a part is not to be chosen, and decoders that draw their latents themselves."""

import json
from typing import List

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conftest import check_one_sentence, options, run

QUICK = {"segments": 8, "max_iterations": 5, "threads": 1, "quiet": None}


class Flat(nn.Module):
    """Pictures of four latents."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.f = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 64), nn.Sigmoid())

    def forward(self, z: Tensor) -> Tensor:
        return self.f(z).view(-1, 1, 8, 8)


class Styled(nn.Module):
    """W+: three rows of four numbers, small as a mapping network makes them, which `sample` does."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.map = nn.Linear(4, 4)
        self.picture = Flat()
        self.latent_shape = [3, 4]

    def forward(self, w: Tensor) -> Tensor:
        return self.picture(w[:, 0] + 2 * w[:, 1] - w[:, 2])

    @torch.jit.export
    def sample(self, n: int, seed: int) -> Tensor:
        torch.manual_seed(seed)
        return (5 + 0.1 * torch.tanh(self.map(torch.randn(n, 4)))).unsqueeze(1).repeat(1, 3, 1)


class Parts(nn.Module):
    """A list of two tensors."""

    def __init__(self):
        super().__init__()
        self.picture = Flat()
        self.latent_shapes = [[1, 2], [2]]

    def forward(self, z: List[Tensor]) -> Tensor:
        return self.picture(torch.cat([z[0].flatten(1), z[1]], 1))


class Restless(Styled):
    @torch.jit.export
    def sample(self, n: int, seed: int) -> Tensor:
        return torch.randn(n, 3, 4)


class Failing(Styled):
    @torch.jit.export
    def sample(self, n: int, seed: int) -> Tensor:
        assert seed < 0, "no mapping was loaded"
        return torch.zeros(n, 3, 4)


class Still(Styled):
    @torch.jit.export
    def sample(self, n: int, seed: int) -> Tensor:
        return torch.ones(n, 3, 4)


class Other(Flat):
    """What many autoencoders call sample is not a draw of latents."""

    @torch.jit.export
    def sample(self, n: int) -> Tensor:
        return self.forward(torch.randn(n, 4))


class Classes(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(64, 3)
        self.output_kind = "softmax"

    def forward(self, x: Tensor) -> Tensor:
        return 4 * self.f(x.flatten(1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen")
    for name, module in (("flat", Flat()), ("styled", Styled()), ("parts", Parts()), ("restless", Restless()), ("failing", Failing()),
                         ("still", Still()), ("other", Other()), ("classes", Classes())):
        torch.jit.script(module.eval()).save(str(folder / f"{name}.pt"))
    return folder


def interpolate(folder, out, decoder="flat", **chosen):
    settings = {"decoder": folder / f"{decoder}.pt", "latent_dim": 4 if decoder == "flat" else None, "from_": "1,0.5,0.3,0.1",
                "to": "-0.5,2,0.3,0.1", **QUICK, "out": out, **chosen}
    return run("interpolate", *options(**settings), out=out)


def path_of(out):
    return np.load(out / "path.npy")[0]


def test_what_is_frozen_stays_to_the_last_bit(folder, tmp_path):
    classes = {"classifier": folder / "classes.pt", "favor": 1}
    interpolate(folder, tmp_path / "free", **classes).ok()
    interpolate(folder, tmp_path / "held", freeze="2-3", **classes).ok()
    free, held = path_of(tmp_path / "free"), path_of(tmp_path / "held")
    assert np.ptp(free[:, 2]) > 1e-3
    assert (held[:, 2:] == np.float32([0.3, 0.1])).all() and np.ptp(held[:, 0]) > 0.1
    record = json.loads((tmp_path / "held" / "run.json").read_text())
    assert record["held_coordinates"] == 2 and record["options"]["freeze"] == "2-3"


def test_a_smooth_tour_keeps_what_is_frozen(folder, tmp_path):
    interpolate(folder, tmp_path / "tour", freeze="2-3", through="0.5,-1,0.3,0.1").ok()
    tour = np.load(tmp_path / "tour" / "tour.npy")[0]
    assert (tour[:, 2:] == np.float32([0.3, 0.1])).all() and len(tour) > 20


def test_frozen_parts_that_differ_are_refused_or_go_straight(folder, tmp_path):
    refused = interpolate(folder, tmp_path / "refused", freeze="0,2-3")
    assert refused.code == 2
    check_one_sentence(refused, "--freeze", "coordinate 0", "--move straight")
    interpolate(folder, tmp_path / "straight", freeze="0,2-3", move="straight", classifier=folder / "classes.pt", favor=1).ok()
    path = path_of(tmp_path / "straight")
    assert (np.diff(path[:, 0]) < 0).all() and path[0, 0] == 1 and path[-1, 0] == -0.5
    assert (path[:, 2:] == np.float32([0.3, 0.1])).all()


def test_a_method_that_moves_all_is_refused_by_the_name_that_was_given(folder, tmp_path):
    result = interpolate(folder, tmp_path / "run", freeze="2-3", method="paper", quiet=True)
    check_one_sentence(result, "--method paper", "lbfgs")
    assert result.code == 2 and "adam" not in result.stderr


@pytest.mark.parametrize("freeze, words", [
    ("4", ["4 coordinates", "0 to 3"]), ("x", ["'x'", "0,8-17"]), ("3-2", ["runs backwards"]), ("0-3", ["all of the latent"]),
    ("1,", ["no number"])])
def test_what_cannot_be_frozen_is_one_sentence(folder, tmp_path, freeze, words):
    result = interpolate(folder, tmp_path / "run", freeze=freeze)
    assert result.code == 2
    check_one_sentence(result, "--freeze", *words)
    assert not (tmp_path / "run").exists()


def test_rows_of_a_style_and_tensors_of_a_list(folder, tmp_path):
    rows = np.random.default_rng(0).normal(5, 0.05, (2, 3, 4)).astype(np.float32)
    rows[1, 1:] = rows[0, 1:]
    np.save(tmp_path / "a.npy", rows[0])
    np.save(tmp_path / "b.npy", rows[1])
    interpolate(folder, tmp_path / "rows", "styled", from_=tmp_path / "a.npy", to=tmp_path / "b.npy", freeze="1-2").ok()
    path = path_of(tmp_path / "rows").reshape(-1, 3, 4)
    assert (path[:, 1:] == rows[0, 1:]).all() and np.ptp(path[:, 0]) > 0
    interpolate(folder, tmp_path / "parts", "parts", from_="1,2,3,4", to="0,-1,3,4", freeze="1").ok()
    assert (path_of(tmp_path / "parts")[:, 2:] == [3, 4]).all()
    result = interpolate(folder, tmp_path / "none", "parts", from_="1,2,3,4", to="0,-1,3,4", freeze="2")
    assert result.code == 2
    check_one_sentence(result, "2 tensors")


def test_a_decoder_draws_its_own_latents(folder, tmp_path):
    """Norms of 17 where N(0, I) has 3.5: ends, via points and guard are of the decoder's own samples."""
    result = run("interpolate", *options(decoder=folder / "styled.pt", classifier=folder / "classes.pt", favor=1, from_="seed:1", to="seed:2",
                                         segments=8, max_iterations=20, threads=1, out=tmp_path / "own"), out=tmp_path / "own").ok()
    assert "draws its latents by its method sample" in result.stderr
    path = path_of(tmp_path / "own").reshape(-1, 12)
    assert (np.abs(path[[0, -1]] - 5) < 0.11).all()
    # N(0, I) would have pulled it to the origin, 70 times as far from these as they are from each other.
    assert (np.abs(path - 5) < 0.3).all()
    again = run("interpolate", *options(decoder=folder / "styled.pt", classifier=folder / "classes.pt", favor=1, from_="seed:1", to="seed:2",
                                        segments=8, max_iterations=20, threads=1, quiet=None, out=tmp_path / "again"), out=tmp_path / "again").ok()
    assert (path_of(tmp_path / "again") == path.reshape(path_of(again.out).shape)).all()


@pytest.mark.parametrize("decoder, words", [
    ("restless", ["restless.pt", "same seed"]), ("failing", ["failing.pt", "no mapping was loaded"]), ("still", ["still.pt", "all equal"])])
def test_a_sample_that_is_none_is_refused(folder, tmp_path, decoder, words):
    result = run("interpolate", *options(decoder=folder / f"{decoder}.pt", from_="seed:1", to="seed:2", **QUICK, out=tmp_path / "run"))
    assert result.code == 3
    check_one_sentence(result, "sample(n, seed)", *words)


def test_a_sample_of_other_inputs_and_one_that_is_not_asked_are_left_alone(folder, tmp_path):
    interpolate(folder, tmp_path / "other", "other", latent_dim=4).ok()
    interpolate(folder, tmp_path / "asked", "restless", from_=",".join(["0.1"] * 12), to=",".join(["0.2"] * 12), prior="normal").ok()
