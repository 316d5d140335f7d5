"""latentpath interpolate --to nearest:C, level-set:FILE: the shortest path to wherever a condition holds."""

import json

import numpy as np
import pytest
import torch

from conftest import check_one_sentence, run

VAE = ["--decoder", "mnist-vae-8", "--classifier", "mnist-classifier", "--threads", "1"]


def summary(*arguments):
    return json.loads(run("interpolate", *VAE, *arguments, "--quiet", "--json").ok().stdout)


@pytest.fixture(scope="module")
def starts(tmp_path_factory):
    file = tmp_path_factory.mktemp("nearest") / "starts.npy"
    np.save(file, np.random.default_rng(3).normal(size=(4, 8)).astype(np.float32))
    return file


def test_ends_are_of_the_class_and_nearer_than_samples_of_it(starts, tmp_path):
    free = summary("--from", str(starts), "--to", "nearest:8@0.95", "--out", str(tmp_path / "run"))
    ends = np.load(tmp_path / "run" / "path.npy")[:, -1]
    lengths = [pair["path"]["embedding_length"] for pair in free["pairs"]]
    for pair in free["pairs"]:
        end = pair["nearest_end"]
        assert end["class"] == "8" and end["certainty"] == 0.95 and end["probability"] >= 0.9499
        assert end["judge_probability"] >= 0 and 0 < end["samples_inside"] <= end["samples"]
    assert len(np.unique(ends, axis=0)) == 4
    for seed in range(1, 4):
        fixed = summary("--from", str(starts), "--to", "class:8", "--seed", str(seed))
        for length, pair in zip(lengths, fixed["pairs"], strict=True):
            assert length < pair["path"]["embedding_length"]


def test_the_text_and_the_verdict_tell_of_the_end(starts):
    text = run("interpolate", *VAE, "--from", str(starts), "--to", "nearest:8", "--quiet").ok().stdout
    assert "nearest ends, medians: P(8) = 0.99, by the judge" in text
    verdict = run("interpolate", *VAE, "--from", "seed:3", "--to", "nearest:8", "--quiet").ok().stdout
    assert "nearest end is of the class" in verdict or "nearest end may not be" in verdict


def test_the_same_bytes_again(starts):
    arguments = ["--from", str(starts), "--to", "nearest:3"]

    def without_seconds(found):
        return [{name: value for name, value in pair["path"].items() if name != "seconds"} for pair in found["pairs"]]

    assert without_seconds(summary(*arguments)) == without_seconds(summary(*arguments))


@pytest.mark.parametrize("arguments, code, words", [
    (["--from", "seed:3", "--to", "nearest:eight"], 2, ["eight"]),
    (["--from", "seed:3", "--to", "nearest:8@1"], 2, ["nearest:8@1", "between 0 and 1"]),
    (["--from", "seed:3", "--to", "nearest:8@sure"], 2, ["sure"]),
    (["--from", "seed:3", "--to", "nearest:"], 2, ["names no class"]),
    (["--from", "nearest:8", "--to", "seed:3"], 2, ["--from", "only the end"]),
    (["--from", "seed:3", "--through", "seed:4", "--to", "nearest:8"], 2, ["only the end"]),
    (["--from", "seed:3", "--to", "nearest:8", "--freeze", "0"], 2, ["--freeze", "all coordinates"]),
])
def test_refused(arguments, code, words):
    result = run("interpolate", *VAE, *arguments, "--quiet")
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)


def test_without_a_classifier():
    result = run("interpolate", "--decoder", "mnist-vae-8", "--from", "seed:3", "--to", "nearest:8", "--quiet")
    assert result.code == 2
    check_one_sentence(result, "nearest:8", "--classifier")


@pytest.fixture(scope="module")
def circle(tmp_path_factory):
    """A decoder of the plane, isometric, and what is 0 on the unit circle, beyond every place, or two numbers."""
    folder = tmp_path_factory.mktemp("circle")

    class Flat(torch.nn.Module):
        def forward(self, z):
            return torch.cat([z, 0 * z[:, :1]], 1)

    class Radius(torch.nn.Module):
        def __init__(self, less: float):
            super().__init__()
            self.less = less

        def forward(self, z):
            return z.square().sum(1).sqrt() - self.less

    class Both(torch.nn.Module):
        def forward(self, z):
            return z

    class Detached(torch.nn.Module):
        def forward(self, z):
            return z.detach().sum(1)

    for name, module in (("flat", Flat()), ("circle", Radius(1)), ("never", Radius(-1)), ("both", Both()), ("flatter", Detached())):
        torch.jit.script(module).save(str(folder / f"{name}.pt"))
    return folder


def to_the_circle(circle, *arguments):
    return run("interpolate", "--decoder", str(circle / "flat.pt"), "--latent-dim", "2", "--guard", "none", "--threads", "1",
               "--quiet", *arguments)


def test_a_level_set_is_reached_from_either_side_along_the_radius(circle, tmp_path):
    starts = np.array([[3, 0], [0.2, 0.1], [-0.3, 0.4], [-2, -2]], np.float32)
    np.save(tmp_path / "starts.npy", starts)
    found = to_the_circle(circle, "--from", str(tmp_path / "starts.npy"), "--to", f"level-set:{circle / 'circle.pt'}",
                          "--out", str(tmp_path / "run")).ok()
    radius = np.linalg.norm(starts, axis=1, keepdims=True)
    np.testing.assert_allclose(np.load(tmp_path / "run" / "path.npy")[:, -1], starts / radius, atol=2e-4)
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    for pair, distance in zip(document["summary"]["pairs"], abs(radius - 1).ravel(), strict=True):
        assert pair["path"]["embedding_length"] == pytest.approx(distance, abs=1e-5)
        assert pair["nearest_end"]["level_set"] == "circle.pt" and abs(pair["nearest_end"]["value"]) < 1e-5
    # Of those inside the end lies outside, where most samples are: each side has draws of its own.
    inside = [pair["nearest_end"]["samples_inside"] for pair in document["summary"]["pairs"]]
    assert inside[0] == inside[3] < inside[1] == inside[2]
    assert "nearest ends, medians: |f| = " in found.stdout and str(circle) not in json.dumps(document["summary"])


@pytest.mark.parametrize("level_set, code, words", [
    ("never.pt", 4, ["never.pt", "one sign"]),
    ("both.pt", 3, ["both.pt", "[2, 2]", "one number"]),
    ("flatter.pt", 3, ["flatter.pt", "no gradient"]),
    ("missing.pt", 3, ["missing.pt", "does not exist"]),
    ("", 2, ["names no file"]),
])
def test_what_is_no_level_set(circle, level_set, code, words):
    result = to_the_circle(circle, "--from", "1,2", "--to", f"level-set:{circle / level_set if level_set else ''}")
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)


def test_a_start_is_no_level_set(circle):
    for start, end in ((f"level-set:{circle / 'circle.pt'}", "1,2"), (f"level-set:{circle / 'circle.pt'}", "seed:1")):
        result = to_the_circle(circle, "--from", start, "--to", end)
        assert result.code == 2
        check_one_sentence(result, "--from", "only the end")
