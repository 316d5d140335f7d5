"""export(): files that the program reads. Where torch is too old to write any, it says so."""

import json

import pytest
import torch

import latentpath as lp
from conftest import QUICK

exports = hasattr(torch, "export") and hasattr(getattr(torch.export, "Dim", None), "AUTO")
needs_export = pytest.mark.skipif(not exports, reason="torch.export came with torch 2.6")


class Generator(torch.nn.Module):
    output_range = (-1, 1)

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 12)
        self.norm = torch.nn.BatchNorm1d(12)

    def decode(self, z):
        return torch.tanh(self.norm(self.layer(z))).view(-1, 3, 2, 2)

    def forward(self, x):
        raise RuntimeError("this is not the method that is meant")


@pytest.mark.skipif(exports, reason="torch exports")
def test_an_old_torch_is_named():
    with pytest.raises(lp.ArgumentError, match="torch 2.6 or later"):
        lp.export(torch.nn.Tanh(), "tanh.pt2", torch.randn(2, 3))


@needs_export
def test_a_method_with_what_its_file_states(tmp_path, program):
    model = Generator().train()
    file = lp.export(model, tmp_path / "generator.pt2", torch.randn(1, 3), method="decode", prior="normal")
    assert model.training and model.norm.training
    program("interpolate", "--decoder", file, "--from", "seed:1", "--to", "seed:2", "--out", tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["summary"]["pairs"][0]["path"]["length"] > 0


@needs_export
def test_a_fixed_batch_is_refused(tmp_path):
    class Fixed(torch.nn.Module):
        def forward(self, z):
            return z.tanh() if z.shape[0] != 2 else z

    class Even(torch.nn.Module):
        def forward(self, z):
            return z.reshape(2, -1).tanh()

    with pytest.raises(lp.ModelError, match="batches of 2 only"):
        lp.export(Fixed(), tmp_path / "fixed.pt2", torch.randn(2, 3))
    with pytest.raises(lp.ModelError, match="fails on 3"):
        lp.export(Even(), tmp_path / "even.pt2", torch.randn(2, 3))
    assert not list(tmp_path.iterdir())


@needs_export
def test_arguments_are_named(tmp_path):
    with pytest.raises(lp.ArgumentError, match="`ouput_range`"):
        lp.export(torch.nn.Tanh(), tmp_path / "a.pt2", torch.randn(2, 3), ouput_range=(0, 1))
    with pytest.raises(lp.ArgumentError, match="`example`"):
        lp.export(torch.nn.Tanh(), tmp_path / "a.pt2", 3)


@needs_export
def test_exported_programs_are_modules_like_others(models, ends, tmp_path):
    """They have no eval(), and a path of one is shown like any other's."""
    lp.export(models[0], tmp_path / "decoder.pt2", torch.zeros(2, 2))
    for decoder in (torch.export.load(str(tmp_path / "decoder.pt2")).module(), tmp_path / "decoder.pt2"):
        path = lp.find_path(decoder, *ends, **QUICK)
        assert path.decode(3).shape == (3, 1, 8, 8)
        assert "<img" in path._repr_html_()
