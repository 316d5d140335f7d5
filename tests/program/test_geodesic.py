"""latentpath geodesic as its users run it: known geodesics, files of their own, run folders, bad input."""

import json
import math

import numpy as np
import pytest
import torch

from conftest import check_picture_formats, run

QUICK = ["--quiet", "--threads", "1", "--reference", "off"]


def geodesic(*arguments, out=None, quick=True):
    folder = [] if out is None else ["--out", str(out)]
    return run("geodesic", *arguments, *(QUICK if quick else ["--quiet", "--threads", "1"]), *folder, out=out)


class Distance(torch.nn.Module):
    """How far z lies inside the unit disc."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.clamp(1 - torch.linalg.vector_norm(z, dim=1), min=0.0)


class Sphere(torch.nn.Module):
    """Stereographic projection, inverted."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        r = (z * z).sum(1, keepdim=True)
        return torch.cat([2 * z, r - 1], 1) / (1 + r)


class Half(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.full_like(z[:, 0], 0.5)


class Negative(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return -torch.ones_like(z[:, 0])


class Gaussians(torch.nn.Module):
    """The Fisher-Rao metric of N(m, s^2) in (m, s)."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        g = 1 / (z[:, 1] * z[:, 1])
        return torch.diag_embed(torch.stack([g, 2 * g], 1))


class Skew(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        zero, one = torch.zeros_like(z[:, 0]), torch.ones_like(z[:, 0])
        return torch.stack([torch.stack([one, one], 1), torch.stack([zero, one], 1)], 1)


class Flat(torch.nn.Module):
    """Positive definite above the first axis only."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.diag_embed(torch.stack([torch.ones_like(z[:, 0]), z[:, 1]], 1))


class Vector(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return z * z


class Batch(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.diag_embed(torch.ones_like(z)) * (1 + z * z).mean()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("geodesic")
    for module in (Distance(), Sphere(), Half(), Negative(), Gaussians(), Skew(), Flat(), Vector(), Batch()):
        torch.jit.script(module).save(str(folder / (type(module).__name__.lower() + ".pt")))
    return folder


def test_example_1_with_everything_it_writes(tmp_path):
    result = geodesic("--example", 1, out=tmp_path / "run", quick=False).ok()
    exact = math.sqrt(2) * math.log(2)
    path = result.pairs[0]["path"]
    assert path["length"] == pytest.approx(exact, rel=1e-12)
    assert path["exact_length"] == pytest.approx(exact, rel=1e-12)
    assert path["minimum"] is True and path["negative_directions"] == 0
    assert path["gradient_residual"] < 1e-9
    assert path["lower_bound"] == pytest.approx(exact, rel=1e-12)
    assert path["reference"]["length"] == pytest.approx(exact, rel=1e-4)
    assert abs(path["reference"]["gap"]) < 1e-4 and path["reference"]["box_suffices"] is True
    assert result.path.shape == (1, 101, 2)
    assert np.array_equal(result.path[0, [0, -1]], [[0, 1], [1, 0]])
    assert np.allclose(result.times[0], np.linspace(0, 1, 101))
    assert (result.out / "frames" / "plane.png").stat().st_size > 10000
    document = result.document
    assert document["subcommand"] == "geodesic" and document["options"]["example"] == 1
    for name in ("linear", "spherical"):
        assert result.pairs[0][name]["length"] >= path["length"] * (1 - 1e-12)


def test_example_2_is_a_great_circle(tmp_path):
    result = geodesic("--example", 2, "--picture-format", "svg", "--picture-format", "pdf", out=tmp_path / "run").ok()
    path = result.pairs[0]["path"]
    assert path["length"] == pytest.approx(math.pi / 3 * math.log(2), rel=3e-5)
    # The gnomonic chart maps great circles to straight lines, z1 + z2 = 1.
    assert np.abs(result.path[0].sum(1) - 1).max() < 1e-6
    assert {p.stem for p in (result.out / "frames").iterdir()} == {"plane", "surface"}
    check_picture_formats(result.out / "frames")
    page = json.loads((result.out / "report" / "data.json").read_text())
    assert page["kind"] == "geodesic" and page["verdict"]["headline"].startswith("Example 2: length ")
    assert len(page["surface"]["points"]) == page["surface"]["rows"] * page["surface"]["columns"]
    path = next(curve for curve in page["curves"] if curve["role"] == "path")
    radii = np.linalg.norm(np.array(path["points"]) - [0, 0, 1], axis=1)
    assert abs(radii - 1).max() < 1e-3  # the points of the page lie on the sphere
    assert str(tmp_path) not in (result.out / "report.html").read_text()


def test_example_3_goes_around_the_disc(tmp_path):
    result = geodesic("--example", 3, "--segments", 200, out=tmp_path / "run").ok()
    path = result.pairs[0]["path"]
    assert path["length"] == pytest.approx(2.368205001, rel=1e-3)
    assert np.linalg.norm(result.path[0], axis=1).min() > 0.99
    # Above and below are equally short: the other way is listed.
    assert path["others"][0]["length"] == pytest.approx(path["length"], rel=1e-3)


def test_example_4_crosses_the_edge(tmp_path):
    result = geodesic("--example", 4, "--segments", 200, out=tmp_path / "run").ok()
    assert result.pairs[0]["path"]["length"] == pytest.approx(1.383454046, rel=1e-3)
    assert np.abs(1 - np.abs(result.path[0]).max(1)).max() < 0.05
    assert (result.out / "frames" / "surface.png").exists()


def test_json_alone_on_stdout():
    result = run("geodesic", "--manifold", "sphere", "--from", "0.2,0.1", "--to=-0.9,1.4", "--json", "--threads", "1",
                 "--reference", "off").ok()
    summary = json.loads(result.stdout)
    z = np.array([[0.2, 0.1], [-0.9, 1.4]])
    r = (z * z).sum(1, keepdims=True)
    x = np.concatenate([2 * z, r - 1], 1) / (1 + r)
    assert summary["pairs"][0]["path"]["extrapolated_length"] == pytest.approx(
        math.log(2) * math.acos(x[0] @ x[1]), rel=1e-7)
    assert summary["method"] == "newton" and summary["method_reason"]


def test_many_pairs_keep_their_ends(tmp_path):
    pairs = np.random.default_rng(0).normal(size=(70, 2, 2))
    np.save(tmp_path / "pairs.npy", pairs)
    result = geodesic("--manifold", "paraboloid", "--pairs", tmp_path / "pairs.npy", "--segments", 40, "--pictures", 0,
                      out=tmp_path / "run").ok()
    assert result.path.shape == (70, 41, 2)
    assert np.array_equal(result.path[:, 0], pairs[:, 0]) and np.array_equal(result.path[:, -1], pairs[:, 1])
    assert all(p["path"]["termination"] == "converged" for p in result.pairs)


@pytest.mark.parametrize("method", ["auto", "newton", "lbfgs"])
def test_own_chart_and_quality(files, method):
    result = run("geodesic", "--embedding", files / "sphere.pt", "--quality", files / "half.pt", "--from", "0.2,0.1",
                 "--to=-0.9,1.4", "--method", method, "--json", *QUICK).ok()
    summary = json.loads(result.stdout)
    z = np.array([[0.2, 0.1], [-0.9, 1.4]])
    r = (z * z).sum(1, keepdims=True)
    x = np.concatenate([2 * z, r - 1], 1) / (1 + r)
    assert summary["pairs"][0]["path"]["length"] == pytest.approx(math.log(2) * math.acos(x[0] @ x[1]), rel=1e-3)
    assert ("L-BFGS" if method == "lbfgs" else "newton") in summary["method"]


def test_own_level_set(files):
    result = run("geodesic", "--manifold", "plane", "--level-set", files / "distance.pt", "--stiffness", 5,
                 "--from=-1.3,0", "--to", "1.3,0", "--method", "newton", "--json", *QUICK).ok()
    assert json.loads(result.stdout)["pairs"][0]["path"]["length"] == pytest.approx(2.368205001, rel=2e-3)


def test_a_first_path_chooses_the_side(tmp_path):
    t = np.linspace(0, 1, 21)
    for side in (1, -1):
        np.save(tmp_path / "first.npy", np.stack([2.6 * t - 1.3, side * 1.5 * np.sin(math.pi * t)], 1))
        result = geodesic("--manifold", "discs", "--parameters", "0,0,1", "--stiffness", 5, "--from=-1.3,0", "--to", "1.3,0",
                          "--init", "straight", "--first-path", tmp_path / "first.npy", "--overwrite",
                          out=tmp_path / "run").ok()
        assert np.sign(result.path[0, 50, 1]) == side


def test_settings_from_a_file(tmp_path):
    (tmp_path / "settings.toml").write_text('manifold = "poincare"\nfrom = "0.1,0.3"\nto = "0.6,-0.2"\njson = true\n')
    result = run("geodesic", "--config", tmp_path / "settings.toml", *QUICK).ok()
    x, y = np.array([0.1, 0.3]), np.array([0.6, -0.2])
    exact = math.acosh(1 + 2 * ((x - y) ** 2).sum() / ((1 - x @ x) * (1 - y @ y)))
    assert json.loads(result.stdout)["pairs"][0]["path"]["length"] == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("arguments, code, words", [
    (["--manifold", "foo", "--from", "0,0", "--to", "1,1"], 2, "torus"),
    (["--from", "0,0", "--to", "1,1"], 2, "--manifold"),
    (["--manifold", "plane", "--from", "0,0"], 2, "end point"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,x"], 2, "--to"),
    (["--manifold", "sphere", "--from", "0,0,0", "--to", "1,1"], 2, "3 coordinates"),
    (["--example", "7"], 2, "between 1 and 4"),
    (["--example", "3", "--from", "1,2"], 2, "--example 3"),
    (["--manifold", "discs", "--from", "0,0", "--to", "1,1"], 2, "radius"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--box", "0,1"], 2, "--box"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--method", "magic"], 2, "--method"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--epsilon", "0.7"], 2, "--epsilon"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--level-set", "none.pt"], 3, "none.pt"),
    (["--manifold", "plane", "--from", "none.npy", "--to", "1,1"], 3, "none.npy"),
    (["--manifold", "poincare", "--from", "0,0", "--to", "2,0"], 4, "quality"),
])
def test_bad_input_is_one_sentence(arguments, code, words):
    result = run("geodesic", *arguments, "--quiet")
    assert result.code == code, result.stderr
    assert words in result.stderr and result.stderr.count("\n") == 1


def test_a_negative_distance_is_refused(files):
    result = run("geodesic", "--manifold", "plane", "--level-set", files / "negative.pt", "--from", "0,0", "--to", "1,1",
                 "--quiet")
    assert result.code == 3 and "0 or more" in result.stderr


@pytest.mark.parametrize("method", ["lbfgs", "adam", "sgd", "newton", "gauss-newton", "newton-cg", "georce"])
def test_every_method_takes_a_chart_of_ours(method):
    result = run("geodesic", "--manifold", "sphere", "--from", "0.2,0.1", "--to=-0.9,1.4", "--method", method, "--init",
                 "straight", "--json", *QUICK).ok()
    summary = json.loads(result.stdout)
    z = np.array([[0.2, 0.1], [-0.9, 1.4]])
    r = (z * z).sum(1, keepdims=True)
    x = np.concatenate([2 * z, r - 1], 1) / (1 + r)
    # Steps by a rate end at their limit, near the geodesic; GEORCE's left ends are O(1/n) off.
    assert summary["pairs"][0]["path"]["length"] == pytest.approx(math.log(2) * math.acos(x[0] @ x[1]), rel=5e-3)


@pytest.mark.parametrize("method", ["auto", "lbfgs"])
def test_a_metric_in_a_file_against_its_closed_form(files, method):
    result = geodesic("--metric", files / "gaussians.pt", "--from=-1,0.5", "--to", "1,0.5", "--method", method,
                      "--json").ok()
    exact = math.sqrt(2) * math.acosh(1 + 2 / (2 * 0.25))
    summary = json.loads(result.stdout)
    path = summary["pairs"][0]["path"]
    assert summary["method"].startswith("newton" if method == "auto" else "L-BFGS")
    assert path["embedding_length"] == pytest.approx(exact, rel=1e-3)
    assert path["length"] == pytest.approx(math.log(2) * exact, rel=1e-3)  # Q = 1/2 weighs log 2
    assert path["lower_bound"] == 0  # nobody said how small the metric may be
    assert summary["pairs"][0]["linear"]["length"] > 1.2 * path["length"]


@pytest.mark.parametrize("name, words", [("skew", "not symmetric"), ("flat", "not positive definite"),
                                         ("vector", "[34, 2] to matrices"), ("batch", "other points of its batch")])
def test_what_is_no_metric_is_refused(files, name, words):
    result = geodesic("--metric", files / (name + ".pt"), "--pairs", pairs_file(files))
    assert result.code == 3
    assert words in result.stderr and name + ".pt" in result.stderr


def pairs_file(folder):
    file = folder / "pairs_of_metrics.npy"
    np.save(file, np.array([[[0.5, 1.0], [1.0, -0.5]], [[0.0, 1.0], [1.0, 1.0]]]))
    return file


@pytest.mark.parametrize("other", [["--embedding", "sphere.pt"], ["--manifold", "plane"], ["--example", "1"]])
def test_a_metric_contradicts_a_chart(files, other):
    arguments = [files / word if word.endswith(".pt") else word for word in other]
    ends = [] if "--example" in other else ["--from", "0,1", "--to", "1,1"]
    assert geodesic("--metric", files / "gaussians.pt", *ends, *arguments).code == 2
