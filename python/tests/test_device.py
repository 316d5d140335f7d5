"""Models on another device than the host: a GPU where there is one, and a stand-in that refuses what a GPU refuses and computes
as the CPU does (tests/device/stand_in_device.cpp)."""

import copy
import os
import pathlib
import subprocess
import sys

import latentpath as lp
import numpy as np
import pytest
import torch
from conftest import QUICK

PACKAGE = os.environ.get("LATENTPATH_PACKAGE")
STAND_IN = os.environ.get("LATENTPATH_STAND_IN")
if STAND_IN:
    torch.ops.load_library(STAND_IN)  # before the first derivative, when autograd starts a thread for each device


@pytest.fixture
def device():
    if STAND_IN:
        return torch.device("privateuseone:0")
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    return torch.device("cuda")


@pytest.mark.skipif(bool(STAND_IN), reason="this is the stand-in's process")
def test_on_a_stand_in():
    library = pathlib.Path(PACKAGE or ".").resolve().parent / "tests/liblatentpath_stand_in.so"
    if not PACKAGE or not library.exists():
        pytest.skip("the stand-in is built with the C++ tests")
    told = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", __file__], capture_output=True, text=True,
                          env={**os.environ, "LATENTPATH_STAND_IN": str(library)}, check=False)
    assert told.returncode == 0 and " passed" in told.stdout, told.stdout


def cost(path):
    return path.figures[0]["path"]["cost_refined"]


def expect_equal(here, there, device):
    """To the last bit on the stand-in, to the solver's tolerance on a GPU."""
    assert there.nodes.device == device
    if device.type == "cuda":
        assert cost(there) == pytest.approx(cost(here), rel=1e-3)
    else:
        assert cost(there) == cost(here)
        assert torch.equal(there.nodes.cpu(), here.nodes)


def on(device, *parts):
    return [part.to(device) for part in parts]


@pytest.mark.parametrize("options", [{}, {"method": "newton", "max_iterations": 20}, {"cost": "length"}, {"init": "graph", "ramp": "off"},
                                     {"density_regularisation": 0.1}], ids=str)
def test_paths_are_those_of_the_cpu(models, ends, device, options):
    decoder, classifier = models
    options = {"segments": 16, **options}
    quality = None if "density_regularisation" in options else lp.favor(classifier, 1)
    here = lp.find_path(decoder, *ends, quality=quality, **options)
    on(device, decoder, classifier)
    there = lp.find_path(decoder, *on(device, *ends), quality=quality, **options)
    expect_equal(here, there, torch.device(device.type, 0))
    # Ends on the host do as well; what is found is where the decoder is.
    assert lp.find_path(decoder, *ends, quality=quality, **options).nodes.device.type == device.type
    assert there.at([0.5]).device.type == device.type


def test_everything_that_looks_at_images_does_so_there(models, ends, device):
    decoder, classifier = models
    seen = set()

    class Features(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(64, 5)

        def forward(self, x):
            seen.add(x.device.type)
            return torch.tanh(self.layer(x.flatten(1)))

    def bright(x):
        seen.add(x.device.type)
        return torch.sigmoid(x.flatten(1).mean(1))

    features = Features()

    def find(z0, z1):
        judged = lp.find_path(decoder, z0, z1, quality=lp.favor(classifier, 1), judge=judge, **QUICK)
        return judged, lp.find_path(decoder, z0, z1, quality=lp.favor(classifier, 1) * lp.quality(bright, of="decoded"),
                                    embedding_features=features, segments=8, guard="none")

    judge = copy.deepcopy(classifier)
    here = find(*ends)
    seen.clear()
    on(device, decoder, classifier, features, judge)
    there = find(*on(device, *ends))
    assert seen == {device.type}
    for mine, theirs in zip(here, there):
        expect_equal(mine, theirs, torch.device(device.type, 0))


def test_what_is_kept_and_tours(models, ends, device):
    decoder, classifier = models
    quality = lp.keep_features(lambda x: x.flatten(1).tanh())
    here = lp.find_path(decoder, *ends, quality=quality, segments=8)
    tour = lp.find_tour(decoder, [*ends, -ends[0]], **QUICK)
    on(device, decoder, classifier)
    expect_equal(here, lp.find_path(decoder, *on(device, *ends), quality=quality, segments=8), torch.device(device.type, 0))
    there = lp.find_tour(decoder, on(device, *ends, -ends[0]), **QUICK)
    assert there.tour.device.type == device.type
    assert torch.allclose(there.tour.cpu(), tour.tour, atol=1e-3)


def test_evaluates_and_draws(models, device, tmp_path):
    decoder, classifier = on(device, *models)
    found = lp.evaluate(decoder, [lp.favor(classifier, 1)], pairs=3, methods="ours,linear", segments=8, seed=2, latent_dim=2)
    assert len(found.table) == 2 and found.ends.device.type == device.type
    path = lp.find_path(decoder, torch.zeros(2), torch.ones(2), quality=lp.favor(classifier, 1), **QUICK)
    assert "<img" in path._repr_html_()
    path.save(tmp_path / "run")
    assert (tmp_path / "run" / "run.json").exists()
    assert np.isfinite(cost(path))


def test_geodesics_of_a_chart(device):
    matrix = torch.tensor([[1.0, 0.2, 0.5], [0.0, 1.0, -0.3]], dtype=torch.float64).to(device)
    z0, z1 = torch.tensor([0.0, 0.0], dtype=torch.float64), torch.tensor([1.0, 2.0], dtype=torch.float64)
    path = lp.geodesic(lambda z: z @ matrix, *on(device, z0, z1))
    assert path.figures[0]["path"]["length"] == pytest.approx(float(((z1 - z0) @ matrix.cpu()).norm()), rel=1e-9)
