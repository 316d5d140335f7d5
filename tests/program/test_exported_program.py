"""Files of torch.export (.pt2) wherever a model's file is taken; tests/models/exported_programs/make wrote them."""

import pytest

from conftest import REPOSITORY, check_one_sentence, run

FOLDER = REPOSITORY / "tests" / "models" / "exported_programs"
ENDS = ("--from", "seed:1", "--to", "seed:2", "--segments", "8", "--init", "linear", "--threads", "1")


def test_decoder_and_classifier(tmp_path):
    # The classifier takes latents: four logits of a recurrent network.
    done = run("interpolate", "--decoder", FOLDER / "Transposed.pt2", "--classifier", FOLDER / "Recurrent.pt2",
               "--classifier-input", "latent", "--favor", "1", "--guard", "none", *ENDS, "--out", tmp_path / "run", out=tmp_path / "run").ok()
    path = done.pairs[0]["path"]
    assert path["mean_class_probability"] >= done.pairs[0]["linear"]["mean_class_probability"] - 1e-6
    assert done.path.shape[2] == 4  # read off the shape of its input


def test_chart_and_its_precision(tmp_path):
    done = run("geodesic", "--embedding", FOLDER / "Rotary.pt2", "--dtype", "float64", "--from", "0,0,0,0", "--to", "1,0,0,1",
               "--out", tmp_path / "run", out=tmp_path / "run").ok()
    # A linear map: the straight line is the shortest path, and its length is the distance.
    pair = done.pairs[0]
    assert pair["path"]["length"] == pytest.approx(pair["linear"]["length"], rel=1e-9)


@pytest.mark.parametrize("name, words", [
    ("Noise", ["aten::randn_like"]),
    ("OneBatch", ["batches of 2", "dynamic_shapes"]),
    ("CustomOperation", ["somebody::own"]),
])
def test_what_cannot_be_run_is_refused(tmp_path, name, words):
    done = run("interpolate", "--decoder", FOLDER / f"{name}.pt2", *ENDS)
    assert done.code == 3
    check_one_sentence(done, f"{name}.pt2", *words)
