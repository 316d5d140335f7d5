"""Data sets and shipped models as users meet them."""

import json
import re

import numpy as np
import pytest

from conftest import check_one_sentence, run


def write_idx(file, values):
    values = np.asarray(values, dtype=np.uint8)
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    file.write_bytes(bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes())


@pytest.fixture
def faces(tmp_path):
    """A few images in the format of the faces: the upper half is dark where the first attribute holds."""
    folder = tmp_path / "faces"
    folder.mkdir()
    random = np.random.default_rng(1)
    for part, count in (("train", 64), ("t10k", 16)):
        labels = random.integers(0, 2, (count, 7))
        images = np.full((count, 3, 32, 32), 240)
        images[labels[:, 0] == 1, :, :16] = 20
        write_idx(folder / f"{part}-images-idx4-ubyte", images)
        write_idx(folder / f"{part}-labels-idx2-ubyte", labels)
    return folder


def test_data_refuses_what_it_does_not_know(tmp_path):
    result = run("data", "letters")
    assert result.code == 2
    check_one_sentence(result, "letters", "mnist, fashion, faces, lambertian, lambertian-shadows")
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = run("data", "fashion", "--out", blocked / "data", "--quiet")
    assert result.code == 3
    check_one_sentence(result, blocked)


def test_train_refuses_bad_data(tmp_path, faces):
    result = run("train", "faces", "--data", faces)
    assert result.code == 2
    check_one_sentence(result, "there is no recipe for 'faces'", "faces-attributes")
    result = run("train", "fashion-classifier", "--data", tmp_path / "absent", "--out", tmp_path / "x.pt")
    assert result.code == 3
    check_one_sentence(result, "absent", "latentpath data fashion")
    result = run("train", "faces-attributes", "--data", faces, "--out", tmp_path / "x.pt", "--batch", 65)
    assert result.code == 2
    check_one_sentence(result, "--batch is 65", "64 images")
    (faces / "train-images-idx4-ubyte").write_bytes(b"\0\0\x08\x04")
    result = run("train", "faces-attributes", "--data", faces, "--out", tmp_path / "x.pt")
    assert result.code == 3
    check_one_sentence(result, "train-images-idx4-ubyte", "truncated")
    assert not (tmp_path / "x.pt").exists()


def test_a_trained_model_works_without_options(tmp_path, faces):
    decoder, attributes = tmp_path / "faces-vae-16.pt", tmp_path / "faces-attributes.pt"
    for file in (decoder, attributes):
        run("train", file.stem, "--data", faces, "--out", file, "--epochs", 2, "--batch", 32, "--quiet").ok()
    card = json.loads(decoder.with_suffix(".json").read_text())
    assert card["command"].startswith(f"latentpath train faces-vae-16 --data {faces}")
    assert card["prior"] == "normal" and card["output_shape"] == [3, 32, 32]
    # Attributes are independent, and have names.
    result = run("interpolate", "--decoder", decoder, "--classifier", attributes, "--favor", "beard", "--avoid",
                 "hat", "--from", "seed:1", "--to", "seed:2", "--segments", 4, "--init", "linear", "--threads", 1, "--json", "--quiet").ok()
    assert json.loads(result.stdout)["pairs"][0]["path"]["cost_refined"] > 0
    assert "sigmoid" not in result.stderr  # nothing had to be guessed
    result = run("interpolate", "--decoder", decoder, "--classifier", attributes, "--favor", "moustache", "--from",
                 "seed:1", "--to", "seed:2")
    assert result.code == 2
    check_one_sentence(result, "moustache", "black hair")


def test_shipped_models_are_listed_with_their_priors():
    lines = run("models").ok().stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == sorted(names)
    assert {"mnist-dcgan-8", "mnist-dcgan-8-semicircle", "mnist-classifier"} <= set(names)
    for line in lines:
        assert ("(semicircle)" in line) == ("semicircle" in line.split()[0]), line
        assert re.match(r"\S+ +((decoder|encoder|classifier|junction tree VAE), |regressors of )", line), line
    cards = json.loads(run("models", "--json").ok().stdout)
    assert [card["name"] for card in cards] == names
    card = run("models", "mnist-dcgan-8-semicircle").ok().stdout
    assert "prior: semicircle" in card and "--data data/mnist" in card
