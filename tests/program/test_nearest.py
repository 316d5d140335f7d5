"""latentpath interpolate --to nearest:C: the shortest path to wherever the classifier sees the class."""

import json

import numpy as np
import pytest

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
