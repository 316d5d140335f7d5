"""The Python examples of README.md and docs/python.md run as they stand, on small models."""

import os
import pathlib
import re

import pytest
import torch

import latentpath as lp
from conftest import Classifier, Decoder
from latentpath import _pictures


def pages():
    """Where the pages are: beside the tests in a checkout, or where LATENTPATH_PAGES says."""
    return pathlib.Path(os.environ.get("LATENTPATH_PAGES") or pathlib.Path(__file__).parents[2])


def examples(page):
    file = pages() / page
    if not file.exists():
        pytest.skip(f"{file} is not there: LATENTPATH_PAGES names the folder of README.md and docs/")
    return re.findall(r"^```python\n(.*?)^```", file.read_text(), re.DOTALL | re.MULTILINE)


class Digits(Classifier):
    """As the examples have it, with ten classes."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(64, 10)


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What the examples take for granted."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    return {"torch": torch, "lp": lp, "decoder": Decoder(8).train(), "classifier": Digits(), "z0": torch.randn(8),
            "z1": torch.randn(8), "D": 8, "near_zero": lambda z: torch.exp(-z.square().sum(1)),
            "x": torch.randn(30, 2), "y": torch.randn(20, 2) + 3,
            "chart": lambda z: torch.cat([z, z.square().sum(1, keepdim=True)], 1),
            "G": lambda z: torch.eye(z.shape[1], dtype=z.dtype).expand(z.shape[0], -1, -1)}


def test_the_example_of_the_front_page(names):
    example = next(text for text in examples("README.md") if "find_path" in text)
    exec(example, names)  # noqa: S102
    path = names["path"]
    assert path.nodes.shape == (65, 8) and path.termination and path.figures[0]["path"]["cost_refined"] > 0
    assert path.figures.column("cost_refined")[0] <= path.figures.column("cost_refined", "linear")[0]


def test_the_examples_of_the_page_on_python(names, tmp_path, monkeypatch):
    used = 0
    for example in examples("docs/python.md"):
        if ("animate" in example or ".pdf" in example) and not _pictures._LIBRARY.exists():
            continue  # this build draws nothing
        (tmp_path / str(used)).mkdir()
        monkeypatch.chdir(tmp_path / str(used))
        of_batch = "[8, 3, 8]" in example
        if "pairs=200" in example:  # as it stands, but for its length
            example = example.replace("pairs=200", "pairs=2, latent_dim=8, segments=8")
        if "manifold=" in example or "chart" in example:
            own = {**names, "z0": torch.tensor([0.0, 0.1]), "z1": torch.tensor([0.7, 0.4])}
        elif of_batch:
            own = {**names, "z0": torch.randn(3, 8), "z1": torch.randn(3, 8)}
        else:
            own = dict(names)
        exec(example, own)  # noqa: S102
        used += 1
    assert used >= 4


def test_the_examples_of_the_page_on_clusters(names):
    torch.jit.trace(names["decoder"].eval(), torch.zeros(2, 8)).save("decoder.pt")
    torch.jit.trace(names["classifier"].eval(), torch.zeros(2, 1, 8, 8)).save("classifier.pt")
    small = "latent_dim=8, segments=8, max_iterations=3, frames=5, output_range=(-1, 1), input_range=(-1, 1), "
    for example in examples("docs/clusters.md"):
        if "to_parquet" in example:
            pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install latentpath[cluster]")
        exec(example.replace("pairs=2000,", "pairs=2, " + small).replace("pairs=60, ", "pairs=6, batch=2, " + small), names)  # noqa: S102
    assert pathlib.Path("runs/table/report.html").exists() and names["columns"]["pair"].shape == (2,)
