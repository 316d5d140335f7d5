"""--prior: densities that are not normal, from names, files and samples, against the truth computed here."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from conftest import check_one_sentence, options, run

MEANS = np.array([[2, 6, 0], [0, 0, 0], [2, -6, 0]], float)
COVARIANCES = np.array([[[5, 2, 0], [2, 2, 0], [0, 0, 0.5]], [[1, 0, 0], [0, 3, 0], [0, 0, 0.5]],
                        [[5, -2, 0], [-2, 2, 0], [0, 0, 0.5]]], float)
ENDS = {"from_": "5,7,0.2", "to": "5,-7,0"}  # far out on both arms


class Paints(nn.Module):
    """Latents as they are, scaled: a decoder whose paths can be followed by eye."""

    def __init__(self, prior: str):
        super().__init__()
        self.latent_dim = 3
        self.prior = prior

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 0.5 * z


class Globe(nn.Module):
    """Longitude and latitude, both in [-1, 1], to the sphere: great circles between northern points leave that box."""

    def __init__(self, prior: str):
        super().__init__()
        self.latent_dim = 2
        self.prior = prior

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        longitude, latitude = 1.5 * z[:, 0], 0.9 * z[:, 1]
        return torch.stack([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()], 1)


def log_density(z):
    terms = []
    for mean, covariance in zip(MEANS, COVARIANCES):
        away = z - mean
        terms.append(-0.5 * np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)
                     - 0.5 * np.log(np.linalg.det(2 * np.pi * covariance)) - np.log(3))
    return np.logaddexp.reduce(terms)


def draw(count, seed):
    generator = np.random.default_rng(seed)
    kinds = generator.integers(3, size=count)
    return np.stack([generator.multivariate_normal(MEANS[k], COVARIANCES[k]) for k in kinds])


@pytest.fixture(scope="session")
def rank():
    ordered = np.sort(log_density(draw(60000, 1)))
    return lambda z: np.searchsorted(ordered, log_density(z)) / len(ordered)


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prior")
    for prior in ("", "semicircle", "normal"):
        torch.jit.script(Paints(prior)).save(str(folder / f"{prior or 'plain'}.pt"))
    for prior in ("", "uniform"):
        torch.jit.script(Globe(prior)).save(str(folder / f"globe{prior}.pt"))
    (folder / "mixture.json").write_text(json.dumps({"means": MEANS.tolist(), "covariances": COVARIANCES.tolist()}))
    (folder / "flat.json").write_text(json.dumps({"means": [[0, 0]], "covariances": [1]}))
    (folder / "broken.json").write_text('{"means": [[0, 0, 0]], "covariances": [[[1, 2, 0], [2, 1, 0], [0, 0, 1]]]}')
    np.save(folder / "codes.npy", draw(4000, 2).astype(np.float32))
    np.save(folder / "few.npy", draw(5, 2))
    np.save(folder / "plane.npy", draw(100, 2)[:, :2])
    return folder


@pytest.fixture
def path(files, tmp_path):
    def call(decoder="plain", **chosen):
        settings = {"segments": 16, "seed": 1, "threads": 1, "out": tmp_path / "run", "overwrite": True, **ENDS,
                    **chosen}
        return run("interpolate", *options(decoder=files / f"{decoder}.pt", **settings), out=settings["out"])

    return call


def along(nodes, steps=40):
    t = np.linspace(0, 1, steps + 1)[:, None]
    return np.concatenate([a + t * (b - a) for a, b in zip(nodes[:-1], nodes[1:])])


def test_a_path_keeps_to_the_semicircle(path, rank):
    result = path(prior="semicircle").ok()
    figures, nodes = result.pairs[0], result.path[0].astype(float)
    straight = along(nodes[[0, -1]], 400)
    assert rank(straight).min() < 0.002
    ends = rank(nodes[[0, -1]]).min()
    assert rank(along(nodes)).min() > 0.8 * ends
    # The program's figures leave out the ends; its rank has 200 000 samples, this one 60 000.
    assert figures["linear"]["min_quality"] == pytest.approx(rank(straight).min(), abs=0.01)
    assert figures["path"]["min_quality"] == pytest.approx(rank(along(nodes)).min(), abs=0.05)
    middle = along(nodes)
    assert figures["path"]["mean_quality"] == pytest.approx(rank(middle).mean(), abs=0.05)
    assert "semicircle" in result.document["quality"]
    assert (result.out / "frames" / "projection.png").exists()  # three dimensions, seen in a plane


def test_a_mixture_file_says_the_same(path, files):
    named = path(prior="semicircle").ok().path
    read = path(prior=f"mixture:{files / 'mixture.json'}").ok()
    assert np.array_equal(named, read.path)
    assert read.document["options"]["prior"].startswith("mixture:")
    assert str(files) not in (read.out / "report.html").read_text()  # the page is passed on


def test_samples_become_a_density(path, files, rank):
    result = path(prior=f"samples:{files / 'codes.npy'}").ok()
    (sentence,) = [note for note in result.document["assumptions"] if "codes.npy" in note]
    assert "mixture of" in sentence and "held-out log-likelihood" in sentence and "kernel estimate" in sentence
    assert "codes.npy" in result.stderr
    nodes = result.path[0].astype(float)
    assert rank(along(nodes)).min() > 0.7 * rank(nodes[[0, -1]]).min()  # 4000 samples tell no more
    assert result.pairs[0]["linear"]["min_quality"] < 0.02


def test_the_papers_rank_and_its_scale(path):
    result = path(prior="semicircle", prior_rank="paper", prior_alpha=0.9, epsilon=0).ok()
    assert "kernel estimate from 5000 samples" in result.document["quality"]
    assert result.document["quality"].startswith("0.9 x")
    assert result.document["options"]["prior-alpha"] == 0.9
    assert result.pairs[0]["path"]["min_quality"] < 0.9


def first_points(path, seeds, **chosen):
    ends = {"to": "seed:1000", "segments": 2, "max_iterations": 1, "any_endpoint": True}
    return np.stack([path(from_=f"seed:{seed}", **ends, **chosen).ok().path[0, 0] for seed in seeds])


def test_seeds_draw_from_the_prior_that_the_decoder_states(path, rank):
    seeds = range(6)
    drawn = first_points(path, seeds, decoder="semicircle", prior="none")
    assert np.abs(drawn[:, 1]).max() > 4.5  # the arms; in 6 draws N(0, I) gets there once in 24 000
    assert rank(drawn.astype(float)).min() > 1e-3
    normal = [torch.randn(1, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)[0].float().numpy()
              for seed in seeds[:3]]
    for decoder in ("normal", "plain"):
        assert np.array_equal(first_points(path, seeds[:3], decoder=decoder), normal)
    # Another density is asked of the path: the ends stay the decoder's, unless they are to be drawn from it.
    asked = first_points(path, seeds[:3], decoder="normal", prior="semicircle")
    assert np.array_equal(asked, normal)
    both = first_points(path, seeds[:3], decoder="normal", prior="semicircle", prior_draws="prior")
    assert np.array_equal(both, drawn[:3])


NORTHERN = {"from_": "-0.95,0.95", "to": "0.95,0.95"}


def test_a_path_keeps_to_a_box(path):
    free = path(decoder="globe", any_endpoint=True, **NORTHERN).ok()
    assert free.path[0, :, 1].max() > 1.4  # tan of the highest latitude: tan(0.855) / cos(1.425)
    kept = path(decoder="globe", prior="uniform", **NORTHERN).ok()
    assert kept.path[0, :, 1].max() < 1.1 and np.abs(kept.path[0, :, 0]).max() < 1
    assert kept.pairs[0]["path"]["min_quality"] > 0.5  # half the softness, a twentieth of the width, is 0.1
    assert kept.document["quality"] == "uniform on a box, D = 2"
    wide = path(decoder="globe", prior="uniform:-2,2", **NORTHERN).ok()
    assert wide.path[0, :, 1].max() > 1.4


def test_a_uniform_prior_is_drawn_from_and_bounds_the_ends(path):
    drawn = first_points(path, range(4), decoder="globe", prior="uniform:0.25,0.75", prior_draws="prior")
    assert 0.25 <= drawn.min() and drawn.max() <= 0.75 and np.ptp(drawn) > 0.05
    stated = first_points(path, range(4), decoder="globeuniform", prior="none")
    assert np.abs(stated).max() <= 1 and stated.min() < 0
    outside = {"from_": "-1.2,0", "to": "0.5,0"}
    for chosen in ({"decoder": "globe", "prior": "uniform"}, {"decoder": "globeuniform"}):
        result = path(quiet=True, **chosen, **outside)
        assert result.code == 2
        check_one_sentence(result, "--from", "[-1, 1]^D", "--any-endpoint")
    path(decoder="globeuniform", **{**outside, "from_": "-1,0"}).ok()


def test_ends_outside_the_stated_prior_are_refused(path):
    far = {"from_": "-30,0,0", "prior": "none"}
    result = path(decoder="semicircle", quiet=True, **far)
    assert result.code == 2
    check_one_sentence(result, "--from", "semicircle", "--any-endpoint")
    path(decoder="semicircle", any_endpoint=True, **far).ok()
    path(decoder="plain", **far).ok()


REFUSED = {
    "no such density": ({"prior": "banana"}, 2, ["banana", "semicircle", "mixture:FILE"]),
    "mixture without a file": ({"prior": "mixture:"}, 2, ["mixture:", "file"]),
    "missing mixture": ({"prior": "mixture:nowhere.json"}, 3, ["nowhere.json"]),
    "mixture of another size": ({"prior": "mixture:{files}/flat.json"}, 3, ["flat.json", "2 dimensions", "3"]),
    "mixture with a bad covariance": ({"prior": "mixture:{files}/broken.json"}, 3,
                                      ["broken.json", "component 0", "positive definite"]),
    "missing samples": ({"prior": "samples:nowhere.npy"}, 3, ["nowhere.npy"]),
    "samples of another size": ({"prior": "samples:{files}/plane.npy"}, 3, ["plane.npy", "[n, 3]", "[100, 2]"]),
    "too few samples": ({"prior": "samples:{files}/few.npy"}, 3, ["few.npy", "16", "5"]),
    "unknown rank": ({"prior": "semicircle", "prior_rank": "banana"}, 2, ["--prior-rank", "banana"]),
    "unknown draws": ({"prior": "semicircle", "prior_draws": "banana"}, 2, ["--prior-draws", "banana"]),
    "scale above one": ({"prior": "semicircle", "prior_alpha": 1.5}, 2, ["--prior-alpha", "1.5"]),
    "a box without a width": ({"prior": "uniform:1,1"}, 2, ["uniform:1,1", "LOW < HIGH"]),
    "a box of one bound": ({"prior": "uniform:1"}, 2, ["uniform:1", "LOW < HIGH"]),
    "a box of words": ({"prior": "uniform:a,b"}, 2, ["--prior", "a,b"]),
    "a box without an end": ({"prior": "uniform:0,inf"}, 2, ["uniform:0,inf", "finite"]),
    "ranks of what is even": ({"prior": "uniform", "prior_rank": "paper"}, 2, ["--prior uniform", "--prior-rank"]),
    "a rank of nothing": ({"prior_rank": "paper"}, 2, ["--prior-rank", "--prior"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, path, files):
    asked, code, words = REFUSED[case]
    asked = {name: value.format(files=files) if isinstance(value, str) else value for name, value in asked.items()}
    result = path(quiet=True, **asked)
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)
