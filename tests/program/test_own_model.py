"""examples/own_vae: a model as its owner trains and saves it, and the recipe of docs/own_model.md, on a small data set."""

import subprocess
import sys

import numpy as np

from conftest import REPOSITORY, options, run


def write_idx(file, array):
    file.write_bytes(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes())


def test_the_recipe_for_an_own_autoencoder(tmp_path):
    data, out = tmp_path / "mnist", tmp_path / "own"
    data.mkdir()
    random = np.random.default_rng(1)
    for part, count in (("train", 640), ("t10k", 60)):
        labels = np.arange(count) % 10
        images = random.integers(0, 40, (count, 28, 28))
        for image, label in zip(images, labels):
            image[5:23, 4 + 2 * label:7 + 2 * label] = 230
        write_idx(data / f"{part}-images-idx3-ubyte", images)
        write_idx(data / f"{part}-labels-idx1-ubyte", labels)
    done = subprocess.run([sys.executable, REPOSITORY / "examples/own_vae/train.py", "--data", data, "--out", out, "--epochs", "4",
                           "--classifier-epochs", "3", "--codes", "600"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    codes = np.load(out / "codes.npy")
    assert codes.shape == (600, 128) and codes.dtype == np.float32

    result = run("interpolate", *options(decoder=out / "decoder.pt", encoder=out / "encoder.pt", classifier=out / "classifier.pt",
                                         latent_dim=128, output_range="0,1", input_range="0,1", favor=8,
                                         prior=f"samples:{out / 'codes.npy'}", prior_draws="prior", from_="seed:1", to="seed:2",
                                         segments=8, max_iterations=3, seed=1, threads=1, out=tmp_path / "run"),
                 out=tmp_path / "run").ok()
    figures = result.pairs[0]["path"]
    assert result.document["summary"]["guard"] == "on"
    for figure in ("least_guard_rank", "mean_cycle_rank", "mean_image_rank", "stranger_than"):
        assert figure in figures
    assert figures["least_end_rank"] > 1e-3  # drawn from the codes' density
