"""--density-regularisation and the density of images, on a decoder whose density is known and has a hole."""

import csv

import numpy as np
import pytest
import torch
from torch import nn

from conftest import check_one_sentence, options, run

B = 0.3


class Disc(nn.Module):
    """z / sqrt(B^2 + |z|^2): the plane onto a disc, whose middle few latents are stretched over."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z / (0.09 + z.square().sum(1, True)).sqrt()


class Shadow(nn.Module):
    """Three latents to two outputs."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 3
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z[:, :2]


class Still(nn.Module):
    """Three latents, of which the last moves nothing."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 3
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.cat([z[:, :2].tanh(), z[:, :2].square().sum(1, True), 0 * z[:, 2:]], 1)


class Torn(nn.Module):
    """The disc, and NaN in its middle."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        square = z.square().sum(1, True)
        return torch.where(square < 0.01, torch.full_like(z, float("nan")), z / (0.09 + square).sqrt())


class Kinks(nn.Module):
    """Linear between the kinks of its ReLU."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 5))
        self.latent_dim = 2
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z)


class Many(nn.Module):
    """70 latents, linear: log det JᵀJ is known, and estimated all the same."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(6)
        self.net = nn.Linear(70, 90, bias=False)
        self.latent_dim = 70
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z)


class Sampled(nn.Module):
    """Looks up a picture by grid_sample, which LibTorch differentiates once."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(7)
        self.picture = nn.Parameter(torch.randn(1, 3, 4, 4))
        self.latent_dim = 2
        self.prior = "normal"

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        where = 0.5 * torch.tanh(z).view(-1, 1, 1, 2)
        return torch.nn.functional.grid_sample(self.picture.expand(z.size(0), 3, 4, 4), where, align_corners=False).flatten(1)


def negative_log_density(z):
    square = np.square(z).sum(-1)
    return square / 2 + np.log(2 * np.pi) + np.log(B * B) - 2 * np.log(B * B + square)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("density")
    torch.jit.script(Disc()).save(str(folder / "disc.pt"))
    torch.jit.script(Shadow()).save(str(folder / "shadow.pt"))
    for model in (Still(), Kinks(), Many(), Sampled()):
        torch.jit.script(model).save(str(folder / f"{type(model).__name__.lower()}.pt"))
    return folder


def interpolate(files, out, **more):
    arguments = {"decoder": files / "disc.pt", "from_": "-0.9,0.2", "to": "0.9,0.2", "segments": 32, "dtype": "float64", "threads": 1, **more}
    return run("interpolate", *options(out=out, **arguments), out=out)


def test_paths_go_around_the_hole_and_say_how_dense_they_are(files, tmp_path):
    plain = interpolate(files, tmp_path / "plain").ok()
    dense = interpolate(files, tmp_path / "dense", density_regularisation="auto").ok()
    path = dense.pairs[0]["path"]
    assert "density_regularisation" not in plain.pairs[0]["path"]
    assert path["density_regularisation"] > 0
    assert "mu = " in dense.stdout and "-log p(x)" in dense.stdout
    assert np.linalg.norm(plain.path[0], axis=1).min() < 0.25  # the straight line of the disc is at 0.2 / sqrt(…)
    assert path["worst_negative_log_density"] < plain.pairs[0]["path"]["worst_negative_log_density"] - 1
    # Frames at equal times of the polyline: what stands in run.json is the formula's.
    times, nodes = dense.times[0], dense.path[0]
    frames = np.stack([np.interp(np.linspace(0, 1, 33), times, nodes[:, k]) for k in range(2)], 1)
    expected = negative_log_density(frames)
    assert path["negative_log_density"] == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert path["worst_negative_log_density"] == pytest.approx(expected.max(), rel=1e-6, abs=1e-6)
    mean = (expected.sum() - 0.5 * (expected[0] + expected[-1])) / 32
    assert path["mean_negative_log_density"] == pytest.approx(mean, rel=1e-6, abs=1e-6)


def test_the_methods_of_kim_and_zhang_stand_in_one_table(files, tmp_path):
    table = run("evaluate", *options(decoder=files / "disc.pt", pairs=2, segments=16, threads=1, methods="geod,geodreg,straight-z,kim-zhang",
                                     max_iterations=40, out=tmp_path / "table"), out=tmp_path / "table").ok()
    with open(table.out / "table.csv", newline="") as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["geod", "geodreg", "straight-z", "kim-zhang"]
    dense = {name: float(row["mean_negative_log_density"]) for name, row in rows.items()}
    length = {name: float(row["embedding_length"]) for name, row in rows.items()}
    assert dense["geodreg"] < dense["geod"]
    # Two searches of one cost, and nobody asked for a quality, which is the same everywhere.
    assert float(rows["geodreg"]["regularised_cost"]) < float(rows["kim-zhang"]["regularised_cost"])
    assert rows["geod"]["regularised_cost"] == ""
    assert "Mean mean −log p(x)" not in table.stdout and "Mean −log p(x), geodesic: geod " in table.stdout
    assert length["geod"] <= 1.001 * min(length.values())


@pytest.mark.parametrize("weight", ["nan", "inf", "-1", "0", "much"])
def test_a_weight_that_is_none_is_refused_before_any_model_is_looked_for(tmp_path, weight):
    for subcommand, more in (("interpolate", {"from_": "1,0", "to": "0,1"}), ("evaluate", {"pairs": 2})):
        result = run(subcommand, *options(decoder=tmp_path / "nowhere.pt", density_regularisation=weight, quiet=True, out=tmp_path / "run", **more),
                     out=tmp_path / "run")
        assert result.code == 2
        check_one_sentence(result, "--density-regularisation", weight, "auto")


def test_what_has_no_density_is_refused(files, tmp_path):
    result = run("interpolate", *options(decoder=files / "shadow.pt", from_="0,0,0", to="1,1,1", density_regularisation="0.1", quiet=True, out=tmp_path / "out"),
                 out=tmp_path / "out")
    assert result.code == 3  # the model does not fit
    check_one_sentence(result, "2 numbers of 3 latents")
    # Nobody asked for it: no figure, and nothing said.
    quiet = run("interpolate", *options(decoder=files / "shadow.pt", from_="0,0,0", to="1,1,1", segments=8, out=tmp_path / "quiet"), out=tmp_path / "quiet").ok()
    assert "mean_negative_log_density" not in quiet.pairs[0]["path"]
    for weight in ("0", "much", "1e300"):
        refused = interpolate(files, tmp_path / "refused", density_regularisation=weight, quiet=True)
        assert refused.code == 2
        check_one_sentence(refused, "--density-regularisation")
    certified = interpolate(files, tmp_path / "certified", density_regularisation="auto", certify=True, ramp="off", quiet=True)
    assert certified.code == 2
    check_one_sentence(certified, "--certify")


def test_a_decoder_that_is_differentiated_once_is_told_so(files, tmp_path):
    """Its Jacobian is made by a derivative of a derivative; a path that asks for none does without."""
    once = {"decoder": files / "sampled.pt", "from_": "-1,0.5", "to": "1,0.3", "segments": 8, "dtype": None}
    assert "mean_negative_log_density" not in interpolate(files, tmp_path / "plain", **once).ok().pairs[0]["path"]
    asked = {"density_regularisation": "auto"}
    for name, more in (("auto", asked), ("kim-zhang", {**asked, "method": "kim-zhang"}), ("figure", {"data_density": "on"})):
        refused = interpolate(files, tmp_path / name, quiet=True, **more, **once)
        assert refused.code == 3
        check_one_sentence(refused, "cannot be differentiated twice")


def test_points_that_flew_away_have_not_converged(files, tmp_path):
    far = interpolate(files, tmp_path / "far", segments=8, method="kim-zhang", density_regularisation="auto", learning_rate=1000,
                      max_iterations=300).ok()
    path = far.pairs[0]["path"]
    assert path["termination"] != "converged"
    assert path["cost_refined"] <= far.pairs[0]["linear"]["cost_refined"] * (1 + 1e-9)


def test_tables_that_need_no_density_have_none_where_the_model_has_none(files, tmp_path):
    chosen = {"decoder": files / "shadow.pt", "pairs": 2, "segments": 8, "threads": 1}
    table = run("evaluate", *options(**chosen, methods="geod,straight-z", out=tmp_path / "table"), out=tmp_path / "table").ok()
    assert "-log p(x) is left out of the table" in table.stderr and "2 numbers of 3 latents" in table.stderr
    refused = run("evaluate", *options(**chosen, methods="geod,geodreg", quiet=True, out=tmp_path / "refused"), out=tmp_path / "refused")
    assert refused.code == 3
    check_one_sentence(refused, "2 numbers of 3 latents")


def test_a_latent_that_moves_nothing_is_said(files, tmp_path):
    for method in ("auto", "kim-zhang"):
        still = run("interpolate", *options(decoder=files / "still.pt", from_="-1,0.2,0.5", to="1,0.2,-0.5", segments=16, dtype="float64", threads=1, method=method,
                                            max_iterations=60, density_regularisation="auto", out=tmp_path / method), out=tmp_path / method).ok()
        path = still.pairs[0]["path"]
        assert np.isfinite(still.path).all() and np.isfinite(path["cost_refined"])
        assert any("det JᵀJ was regularised at 33 of 33 places of the path" in warning for warning in still.document["summary"]["warnings"])
        # The latent that counts for nothing goes where the prior is densest, or stays; the others go where they are sent.
        assert np.abs(still.path[0][:, 2]).max() <= 0.5 + 1e-9


def test_algorithm_1_says_where_it_pulls_back_by_a_jacobian_that_lost_rank(files, tmp_path):
    """Without a density, too: the pseudo-inverse needs a Jacobian of full rank."""
    told = {}
    for name, point in (("still", "-1,0.2,0.5;1,0.2,-0.5"), ("disc", "-0.9,0.2;0.9,0.2")):
        start, end = point.split(";")
        plain = interpolate(files, tmp_path / name, decoder=files / f"{name}.pt", from_=start, to=end, segments=8, method="kim-zhang", max_iterations=20).ok()
        told[name] = [w for w in plain.document["summary"].get("warnings", []) if "det JᵀJ was regularised" in w]
    assert told["still"] and not told["disc"]


def test_a_region_of_nan_on_the_straight_line_stops_no_auto(files, tmp_path):
    torch.jit.script(Torn()).save(str(files / "torn.pt"))
    torn = interpolate(files, tmp_path / "torn", decoder=files / "torn.pt", from_="-1.5,0.05", to="1.5,0.05", density_regularisation="auto").ok()
    path = torn.pairs[0]["path"]
    assert path["density_regularisation"] > 0 and np.isfinite(path["cost_refined"])
    assert np.linalg.norm(torn.path[0], axis=1).min() > 0.1


def test_equal_ends_with_a_density_are_told_what_is_sought(files, tmp_path):
    still = interpolate(files, tmp_path / "equal", from_="0.9,0.2", to="0.9,0.2", segments=8, density_regularisation="auto").ok()
    assert any("to denser places and back" in warning for warning in still.document["warnings"])


def test_a_decoder_with_kinks_is_said_to_have_no_gradient(files, tmp_path):
    for method in ("auto", "kim-zhang"):
        kinks = run("interpolate", *options(decoder=files / "kinks.pt", from_="-1.5,0.3", to="1.5,0.3", segments=16, threads=1, method=method, max_iterations=60,
                                            density_regularisation="auto", out=tmp_path / method), out=tmp_path / method).ok()
        assert any("linear between its kinks" in warning for warning in kinks.document["summary"]["warnings"])
        assert kinks.pairs[0]["path"]["cost_refined"] <= kinks.pairs[0]["linear"]["cost_refined"] * (1 + 1e-6)


def test_more_latents_than_outputs_are_refused_by_every_method_that_needs_the_density(files, tmp_path):
    for more in ({"method": "kim-zhang", "density_regularisation": "auto"}, {"data_density": "on"}):
        refused = run("interpolate", *options(decoder=files / "shadow.pt", from_="0,0,0", to="1,1,1", quiet=True, out=tmp_path / "out", **more), out=tmp_path / "out")
        assert refused.code == 3
        check_one_sentence(refused, "2 numbers of 3 latents")


def test_the_density_of_many_latents_is_an_estimate_with_its_error(files, tmp_path):
    ends = [",".join(f"{value:.3f}" for value in np.random.default_rng(seed).normal(size=70)) for seed in (1, 2)]
    many = run("interpolate", *options(decoder=files / "many.pt", from_=ends[0], to=ends[1], segments=8, threads=1, dtype="float64", data_density="on",
                                       out=tmp_path / "many"), out=tmp_path / "many").ok()
    matrix = Many().net.weight.double().detach().numpy()
    z = np.array([float(value) for value in ends[0].split(",")])
    known = 0.5 * z @ z + 35 * np.log(2 * np.pi) + 0.5 * np.linalg.slogdet(matrix.T @ matrix)[1]
    path = many.pairs[0]["path"]
    assert 0 < path["negative_log_density_error"] < 5
    assert abs(path["negative_log_density"][0] - known) < 3 * path["negative_log_density_error"]
    assert "an estimate, standard error" in many.stdout
