"""--cycle: what is favoured is asked of what encoder and decoder give back, too."""

import itertools
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from conftest import check_one_sentence, options, run


class Plane(nn.Module):
    """Latents as they are."""

    def __init__(self):
        super().__init__()
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 1.0 * z


class TwoWays(nn.Module):
    """One class, by a logit: above 0.8, and, farther from the middle, below -1.2."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 6 * torch.maximum(z[:, 1:2] - 0.8, -z[:, 1:2] - 1.2)


class Below(nn.Module):
    """An encoder that knows no images above 0.5: they come back from there."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x[:, 0:1], x[:, 1:2].clamp(max=0.5)], 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cycle")
    for name, model in (("plane", Plane()), ("ways", TwoWays()), ("below", Below())):
        torch.jit.script(model).save(str(folder / f"{name}.pt"))
    return folder


@pytest.fixture
def path(files, tmp_path):
    folders = (tmp_path / f"run{count}" for count in itertools.count())

    def call(**chosen):
        settings = {"decoder": files / "plane.pt", "classifier": files / "ways.pt", "encoder": files / "below.pt", "favor": 0,
                    "classifier_input": "latent", "from_": "-0.6,0", "to": "0.6,0", "segments": 16, "seed": 1, "threads": 1,
                    "out": next(folders), **chosen}
        return run("interpolate", *options(**settings), out=settings["out"])

    return call


def middle(result):
    return float(result.path[0][8, 1])


def test_a_path_goes_where_images_come_back(path):
    """Both ways satisfy the classifier; what the upper one shows comes back as none of the class."""
    without = path(cycle="none").ok()
    assert middle(without) > 0.6  # the nearer way
    known = path().ok()
    assert middle(known) < -0.8
    assert known.pairs[0]["path"]["mean_class_probability"] > 0.7
    (note,) = [each for each in known.document["assumptions"] if "--cycle" in each]
    assert "give back" in note
    assert not [each for each in without.document["assumptions"] if "--cycle" in each]


def test_without_a_guard_or_an_encoder_only_who_asks_has_it(path):
    assert middle(path(guard="none").ok()) > 0.6
    assert middle(path(guard="none", cycle="on").ok()) < -0.8
    assert middle(path(encoder=None).ok()) > 0.6
    refused = path(encoder=None, cycle="on", quiet=True)
    assert refused.code == 2
    check_one_sentence(refused, "--cycle", "--encoder")


def test_tables_ask_by_the_cycle_too(files, tmp_path):
    np.save(tmp_path / "pairs.npy", np.array([[[-0.6, 0], [0.6, 0]], [[-0.7, 0.1], [0.5, 0]]], np.float32))
    shutil.copy(files / "plane.pt", tmp_path / "own.pt")
    shutil.copy(files / "below.pt", tmp_path / "own-encoder.pt")

    def table(name, **chosen):
        settings = {"decoder": tmp_path / "own.pt", "classifier": files / "ways.pt", "favor": 0, "classifier_input": "latent",
                    "latent_dim": 2, "pairs": tmp_path / "pairs.npy", "methods": "ours", "segments": 16, "seed": 1, "threads": 1,
                    "out": tmp_path / name, **chosen}
        return run("evaluate", *options(**settings), out=tmp_path / name)

    def lengths(result):
        lines = [line.split(",") for line in (result.ok().out / "paths.csv").read_text().splitlines()]
        return [float(dict(zip(lines[0], line))["embedding_length"]) for line in lines[1:]]

    near = lengths(table("near"))  # an encoder that only stands beside the decoder is not asked
    known = table("known", encoder=files / "below.pt")
    for one, other in zip(near, lengths(known)):
        assert other > one + 0.5  # the farther way
    assert "give back" in known.document["quality"]
    (note,) = [each for each in known.document["assumptions"] if "--cycle" in each]
    beside = table("beside", cycle="on", guard="none")
    assert min(lengths(beside)) > max(near) + 0.5
    assert lengths(table("none", encoder=files / "below.pt", cycle="none")) == near
    refused = table("refused", decoder=files / "plane.pt", cycle="on", quiet=True)
    assert refused.code == 2
    check_one_sentence(refused, "--cycle", "--encoder")


def test_an_encoder_that_does_not_fit_is_refused_where_it_is_asked(path, files):
    refused = path(encoder=files / "ways.pt", cycle="on", quiet=True)  # one number for a code of two
    assert refused.code == 3
    check_one_sentence(refused, "--cycle")
    assert middle(path(encoder=files / "ways.pt").ok()) > 0.6  # else a note
