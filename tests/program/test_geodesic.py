"""latentpath geodesic as its users run it: known geodesics, files of their own, run folders, bad input."""

import json
import math

import numpy as np
import pytest
import torch

from conftest import check_one_sentence, check_picture_formats, run

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


class Wide(torch.nn.Module):
    """The sphere among 65 outputs."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        r = (z * z).sum(1, keepdim=True)
        return torch.nn.functional.pad(torch.cat([2 * z, r - 1], 1) / (1 + r), [0, 62])


class Sheet(torch.nn.Module):
    """The plane in space."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(z, [0, 1])


class Hill(torch.nn.Module):
    """Bad near the origin."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 0.9 - 0.8 * torch.exp(-2 * (z * z).sum(1))


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
    for module in (Distance(), Sphere(), Wide(), Sheet(), Hill(), Half(), Negative(), Gaussians(), Skew(), Flat(), Vector(), Batch()):
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
    assert page["kind"] == "geodesic" and page["verdict"]["headline"].startswith("Example 2: weighted length ")
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
    assert summary["pairs"][0]["path"]["extrapolated_length"] == pytest.approx(math.acos(x[0] @ x[1]), rel=1e-7)
    assert summary["pairs"][0]["path"]["weighted"] is False and "mean_quality" not in summary["pairs"][0]["path"]
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
    around = 2 * math.sqrt(0.69) + math.pi - 2 * math.acos(1 / 1.3)  # level sets weigh nothing but what is off them
    assert json.loads(result.stdout)["pairs"][0]["path"]["length"] == pytest.approx(around, rel=2e-3)


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
    (["--manifold", "sphere", "--from", "1e200,0", "--to", "1,1"], 3, "another unit"),
    (["--manifold", "poincare", "--from", "0,0", "--to", "2,0"], 4, "quality"),
    (["--manifold", "poincare", "--from", "0,0", "--to", "2,0"], 4, "‖z‖ < 1"),
    (["--manifold", "half-plane", "--from", "0,1", "--to", "2,-1"], 4, "z2 > 0"),
    (["--manifold", "discs", "--parameters=0,0,0.6", "--from", "0.1,0", "--to", "1.6,0"], 2, "inside the disc"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--constant-quality", "1"], 2, "lengths are distances"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--periods", "3"], 2, "--periods"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--periods", "3,-1"], 2, "above 0"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--periods", "3:-1,none"], 2, "another coordinate"),
    (["--manifold", "plane", "--from", "0,0", "--to", "1,1", "--domain", "-1,0.5,none,none"], 2, "z1 < 0.5"),
    (["--manifold", "paraboloid", "--from", "0,0", "--to", "1,1", "--periods", "3,none"], 2, "not the same"),
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
    assert summary["pairs"][0]["path"]["length"] == pytest.approx(math.acos(x[0] @ x[1]), rel=5e-3)


@pytest.mark.parametrize("method", ["auto", "lbfgs"])
def test_a_metric_in_a_file_against_its_closed_form(files, method):
    result = geodesic("--metric", files / "gaussians.pt", "--from=-1,0.5", "--to", "1,0.5", "--method", method,
                      "--json").ok()
    exact = math.sqrt(2) * math.acosh(1 + 2 / (2 * 0.25))
    summary = json.loads(result.stdout)
    path = summary["pairs"][0]["path"]
    assert summary["method"].startswith("newton" if method == "auto" else "L-BFGS")
    assert path["embedding_length"] == pytest.approx(exact, rel=1e-3)
    assert path["length"] == pytest.approx(exact, rel=1e-3)
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


def summary_of(*arguments):
    return json.loads(run("geodesic", *arguments, "--json", "--threads", "1", "--quiet").ok().stdout)


def path_of(*arguments):
    return summary_of(*arguments)["pairs"][0]["path"]


@pytest.mark.parametrize("arguments, distance, winding", [
    (["--manifold", "torus", "--parameters", "2,1", "--from", "0,0", "--to", "6,0"], 3 * (2 * math.pi - 6), [-1, 0]),
    (["--manifold", "torus", "--parameters", "2,1", "--from", "0,0", "--to", "0,6.2"], 2 * math.pi - 6.2, [0, -1]),
    (["--manifold", "cylinder", "--parameters", "2", "--from", "0,0", "--to", "5,1"],
     math.hypot(2 * (2 * math.pi - 5), 1), [-1]),
    (["--manifold", "flat-torus", "--parameters", "3,0,5", "--from", "0,0,0", "--to", "2.5,1,-4"], 1.5, [-1, 1]),
    (["--manifold", "plane", "--periods", "3:-2,none", "--from", "0,0.4", "--to", "2.9,-0.4"], 0.1, [-1]),
    (["--manifold", "projective-line", "--from", "0.1", "--to", "3"], math.pi - 2.9, [-1]),
    (["--manifold", "projective-space", "--from", "0,0", "--to", "2,0"], math.pi - 2 * math.atan(2), [1]),
])
def test_the_short_way_round(arguments, distance, winding):
    path = path_of(*arguments, "--reference", "on" if "flat-torus" not in arguments else "off")
    assert path["length"] == pytest.approx(distance, rel=1e-5)
    assert path["lower_bound"] <= distance * (1 + 1e-9)
    assert path["winding"] == winding
    assert path["second_shortest"]["length"] > path["length"] and path["second_shortest"]["winding"] != winding
    if "reference" in path:
        assert path["reference"]["length"] == pytest.approx(distance, rel=2e-3)


def test_a_whole_turn_is_no_way_at_all():
    path = path_of("--manifold", "torus", "--parameters", "2,1", "--from", "0,0", "--to", "6.283185307179586,0")
    assert path["length"] == 0 and path["second_shortest"]["length"] > 6


def test_a_distance_is_not_weighted_and_a_weighted_length_says_so():
    plain = run("geodesic", "--manifold", "sphere", "--from", "0,0", "--to", "1,0", *QUICK).ok().stdout
    assert plain.startswith("length 1.57079") and "weighted" not in plain
    weighted = run("geodesic", "--manifold", "sphere", "--from", "0,0", "--to", "1,0", "--constant-quality", "0.5",
                   *QUICK).ok().stdout
    assert weighted.startswith("weighted length 1.08879") and "unweighted 1.57079" in weighted
    example = run("geodesic", "--example", "2", *QUICK).ok().stdout
    assert example.startswith("weighted length 0.7258")


class Angles(torch.nn.Module):
    """Latitude and longitude."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.cos(z[:, 0]) * torch.cos(z[:, 1]), torch.cos(z[:, 0]) * torch.sin(z[:, 1]),
                            torch.sin(z[:, 0])], 1)


class KnowsItsPeriods(Angles):
    periods: str

    def __init__(self):
        super().__init__()
        self.periods = "none,6.283185307179586"


@pytest.mark.parametrize("method", ["auto", "lbfgs"])
@pytest.mark.parametrize("stated", [True, False])
def test_periods_of_an_own_chart(tmp_path, stated, method):
    torch.jit.script(KnowsItsPeriods() if stated else Angles()).save(str(tmp_path / "angles.pt"))
    option = [] if stated else ["--periods", "none,6.283185307"]
    summary = summary_of("--embedding", tmp_path / "angles.pt", "--from=0.1,-3", "--to", "0.1,3", *option, "--method",
                         method, "--reference", "off")
    x = [np.array([math.cos(0.1) * math.cos(v), math.cos(0.1) * math.sin(v), math.sin(0.1)]) for v in (-3, 3)]
    path = summary["pairs"][0]["path"]
    assert path["length"] == pytest.approx(math.acos(x[0] @ x[1]), rel=1e-4) and path["winding"] == [-1]
    assert summary["dtype"] == "float64"  # a formula has no precision of its own


class Cylinder(torch.nn.Module):
    """Turns of one, and a height that is no period."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        turn = 6.283185307179586 * z[:, 0]
        return torch.stack([torch.cos(turn), torch.sin(turn), z[:, 1]], 1)


class Detached(torch.nn.Module):
    def forward(self, z):
        return torch.stack([z[:, 0], z[:, 1], z.square().sum(1)], 1).detach()


class Rounded(torch.nn.Module):
    def forward(self, z):
        return torch.round(16 * torch.stack([z[:, 0], z[:, 1], z.square().sum(1)], 1)) / 16


@pytest.mark.parametrize("chart", [Detached(), Rounded()])
def test_a_chart_without_derivatives_is_refused(tmp_path, chart):
    torch.jit.script(chart).save(str(tmp_path / "own.pt"))
    result = run("geodesic", "--embedding", tmp_path / "own.pt", "--from=-1,-0.5", "--to", "1,0.8", "--quiet")
    assert result.code == 3
    check_one_sentence(result, "own.pt", "detached")


@pytest.mark.parametrize("chart, ends, period", [
    (Angles(), ("--from=0.1,-3", "--to", "0.1,3"), "none,6.283185307179586"),
    (Cylinder(), ("--from", "0.1,0", "--to", "0.9,5"), "1,none"),
])
def test_a_chart_that_repeats_itself_unsaid_is_not_green(tmp_path, chart, ends, period):
    """The other way round is nearer, and only who says the period is led there."""
    torch.jit.script(chart).save(str(tmp_path / "own.pt"))

    def found(name, *more):
        document = geodesic("--embedding", tmp_path / "own.pt", *more, out=tmp_path / name).ok().document
        return document["summary"]["pairs"][0]["path"], [each for each in document["warnings"] if "--periods" in each]

    unsaid, (warning,) = found("unsaid", *ends)
    assert period in warning and unsaid["verdict"] != "good"
    said, warnings = found("said", *ends, "--periods", period)
    assert said["verdict"] == "good" and not warnings
    assert said["length"] < 0.99 * unsaid["length"]
    near, warnings = found("near", "--from", "0.1,0.1", "--to", "0.2,0.2")
    assert near["verdict"] == "good" and not warnings


def test_periods_that_a_chart_has_not_are_refused(files):
    result = geodesic("--embedding", files / "sphere.pt", "--from", "0.1,0", "--to", "0.9,0", "--periods", "2,none")
    assert result.code == 2 and "--periods" in result.stderr


def test_where_a_closed_form_is_known_it_decides():
    """Near the rim the path leaps over the bad places, round a pole it takes the pole itself."""
    def said(*arguments):
        path = path_of(*arguments)
        return path["verdict"], " ".join(reason["text"] for reason in path["verdict_reasons"])

    level, text = said("--manifold", "half-plane", "--from", "0,1e-8", "--to", "1,1e-8")
    assert level == "bad" and "Not the shortest: the distance, known in closed form, is 36.8414" in text
    assert "conjugate" not in text  # a path that leaps says nothing of them
    level, text = said("--manifold", "sphere-angles", "--from", "1.4,0", "--to", "1.4,3.1")
    assert "within 0.022 % of it" in text and "fast marching" not in text
    level, text = said("--manifold", "sphere", "--from", "1e8,0", "--to", "0,1e8")  # both near the pole
    assert level == "good" and "same output" not in text


def test_a_reference_below_the_bound_proves_nothing():
    path = path_of("--manifold", "sphere", "--from", "3,0", "--to=-3,0")
    reference = path["reference"]
    assert path["length"] >= 1.287002218 * (1 - 1e-6)
    assert reference["length"] > path["lower_bound"] or (reference["uncertain"] and reference["below_lower_bound"])
    assert "longer than the global optimum" not in reference["sentence"] or not reference["uncertain"]


def test_no_length_near_a_rim_is_below_the_distance():
    for rim in (1e-3, 1e-5, 1e-7):
        x, y = np.array([1 - rim, 0]), np.array([-1 + rim, 1e-5])
        exact = math.acosh(1 + 2 * ((x - y) ** 2).sum() / ((1 - x @ x) * (1 - y @ y)))
        path = path_of("--manifold", "poincare", f"--from={x[0]:.17g},0", f"--to={y[0]:.17g},{y[1]:.17g}", "--reference", "off")
        assert exact * (1 - 1e-5) <= path["length"]


def test_an_extrapolation_is_no_worse_than_what_it_extrapolates():
    path = path_of("--manifold", "swiss-roll", "--from", "0.1,0", "--to", "30,1", "--reference", "off")
    arc = lambda u: (u * math.sqrt(1 + u * u) + math.asinh(u)) / 2
    exact = math.hypot(arc(30) - arc(0.1), 1)
    assert abs(path["extrapolated_length"] - exact) <= abs(path["length"] - exact) + 1e-6 * exact


@pytest.mark.parametrize("what, method, asked, most", [
    (["--manifold", "sphere"], "adam", 199, 199), (["--manifold", "ellipsoid"], "sgd", 3, 3), (["--manifold", "sphere"], "adam", 0, 1000)])
def test_so_are_those_of_formulas(what, method, asked, most):
    result = run("geodesic", *what, "--from", "0.2,0.1", "--to", "0.9,1", "--method", method, "--max-iterations", asked, "--coarsest-segments", "8",
                 "--segments", "8", "--init", "linear", "--json", *QUICK).ok()
    assert json.loads(result.stdout)["pairs"][0]["path"]["iterations"] <= most


def test_two_hundred_iterations_are_two_hundred(files):
    for asked in (199, 200, 201):
        result = run("geodesic", "--embedding", files / "sphere.pt", "--from", "0.2,0.1", "--to", "0.9,1", "--method", "adam", "--max-iterations", asked,
                     "--segments", "8", "--json", *QUICK).ok()
        assert json.loads(result.stdout)["pairs"][0]["path"]["iterations"] == asked


def test_a_tolerance_is_that_of_second_order_methods_too(files):
    iterations = []
    for tolerance in (1e-1, 1e-9):
        result = run("interpolate", "--decoder", files / "sphere.pt", "--from", "0.2,0.1", "--to=-0.9,1.4", "--dtype", "float64", "--method", "newton",
                     "--init", "linear", "--tolerance", tolerance, "--any-endpoint", "--json", "--quiet").ok()
        iterations.append(json.loads(result.stdout)["pairs"][0]["path"]["iterations"])
    assert iterations[0] < iterations[1]


def test_iterations_asked_for_are_iterations_taken(files, tmp_path):
    for method in ("adam", "sgd", "lbfgs"):
        path = summary_of("--embedding", files / "sphere.pt", "--from", "0.2,0.1", "--to", "0.9,1", "--method", method, "--max-iterations", "10",
                          "--segments", "8", "--reference", "off", "--out", tmp_path / method)["pairs"][0]["path"]
        assert path["iterations"] <= (10 if method != "lbfgs" else 20), method  # lbfgs: of each of its two levels


@pytest.mark.parametrize("method", ["newton", "lbfgs"])
def test_a_model_file_starts_from_the_straight_line_if_told(method, files, tmp_path):
    ends = ["--embedding", files / "sphere.pt", "--from", "0.2,0.1", "--to", "0.9,1", "--method", method, "--reference", "off"]
    summaries = [summary_of(*ends, "--init", init, "--out", tmp_path / init) for init in ("linear", "straight")]
    for summary in summaries:
        assert summary["pairs"][0]["path"]["start"] == "linear"
        assert summary["pairs"][0]["path"]["decoder_evaluations"] > 0
        assert summary.get("graph", {}).get("edges", 0) == 0
    assert summaries[0]["pairs"][0]["path"]["length"] == summaries[1]["pairs"][0]["path"]["length"]


def test_first_order_methods_start_from_a_path_that_is_given(files, tmp_path):
    ends = ["--embedding", files / "sheet.pt", "--quality", files / "hill.pt", "--from=-1,0", "--to", "1,0", "--method", "lbfgs",
            "--reference", "off", "--init", "linear"]
    times = np.linspace(0, 1, 21)
    for side in (1, -1):
        np.save(tmp_path / "first.npy", np.stack([2 * times - 1, side * np.sin(np.pi * times)], 1))
        path = run("geodesic", *ends, "--first-path", tmp_path / "first.npy", "--out", tmp_path / "run", "--overwrite", "--quiet",
                   out=tmp_path / "run").ok().path
        assert side * path[0, path.shape[1] // 2, 1] > 0.3


def test_a_graph_is_for_few_coordinates_where_a_large_model_is_searched(files):
    path = summary_of("--embedding", files / "sphere.pt", "--from", "0.2,0.1", "--to", "0.9,1", "--method", "lbfgs", "--init", "graph",
                      "--segments", "20", "--reference", "off")["pairs"][0]["path"]
    assert path["termination"] == "converged"
    result = run("geodesic", "--embedding", files / "wide.pt", "--from", "0,0,0,0", "--to", "1,1,1,1", "--init", "graph", *QUICK)
    assert result.code == 2 and "--init graph" in result.stderr and result.stderr.count("\n") == 1, result.stderr


def test_newton_means_the_same_whoever_is_asked(files, tmp_path):
    """A small model at once, a large one from first-order steps: geodesic and interpolate alike."""
    for model, words in (("sphere.pt", "newton"), ("wide.pt", "L-BFGS, coarse to fine, then Newton")):
        ends = ["--from", "0.2,0.1", "--to", "0.9,1", "--segments", "40", "--method", "newton"]
        geodesic_run = summary_of("--embedding", files / model, *ends, "--reference", "off", "--out", tmp_path / f"g-{model}")
        interpolated = json.loads(run("interpolate", "--decoder", files / model, *ends, "--dtype", "float64", "--json", "--quiet",
                                      "--any-endpoint").ok().stdout)
        assert geodesic_run["method"] == words
        assert interpolated["method"] == ("Newton" if words == "newton" else words)
        one, other = geodesic_run["pairs"][0]["path"], interpolated["pairs"][0]["path"]
        assert one["minimum"] and other["minimum"]
        assert one["embedding_length"] == pytest.approx(other["embedding_length"], rel=1e-5)  # refined to a tolerance


def test_an_epsilon_of_a_half_is_refused_beside_a_quality(files, tmp_path):
    ends = ["--from", "0.2,0.1", "--to", "0.9,1", "--epsilon", "0.5", "--out", tmp_path / "run"]
    for quality in (["--embedding", files / "sphere.pt", "--quality", files / "half.pt"], ["--manifold", "poincare"],
                    ["--manifold", "sphere", "--constant-quality", "0.3"]):
        result = run("geodesic", *quality, *ends)
        assert result.code == 2 and "--epsilon" in result.stderr and "equally good" in result.stderr, result.stderr


def test_settings_of_the_search_are_options_and_recorded(tmp_path):
    settings = tmp_path / "fine.toml"
    settings.write_text("[levels]\nhidden = 0.5\n[geodesic.continuation]\nlast-width = 16\n")
    out = tmp_path / "run"
    coarse = geodesic("--example", "3", "--config", str(settings), "--init", "straight", "--segments", "40", "--json", out=out).ok()
    options = json.loads((out / "run.json").read_text())["options"]
    assert (options["levels-hidden"], options["continuation-last-width"], options["rivals-routes"]) == (0.5, 16, 2)
    fine = geodesic("--example", "3", "--init", "straight", "--segments", "40", "--json").ok()
    lengths = [json.loads(each.stdout)["pairs"][0]["path"]["length"] for each in (coarse, fine)]
    assert lengths[0] > lengths[1]  # blurred kinks: a way further off


def test_subdivisions_of_a_level_set_act():
    at = ["--example", "3", "--init", "straight", "--segments", "40", "--json"]
    paths = [json.loads(geodesic(*at, *more).ok().stdout)["pairs"][0]["path"]
             for more in ([], ["--continuation-subdivisions", "4"], ["--subdivisions", "8"], ["--continuation-subdivisions", "8"])]
    lengths = [path["length"] for path in paths]
    assert lengths[0] == lengths[1] != lengths[2] == lengths[3]


def test_under_resolved_is_what_the_tolerance_says():
    at = ["--example", "3", "--init", "straight", "--segments", "20", "--json"]
    for tolerance, expected in (("0.05", False), ("1e-9", True)):
        path = json.loads(geodesic(*at, "--resolution-tolerance", tolerance).ok().stdout)["pairs"][0]["path"]
        assert path["under_resolved"] is expected


@pytest.mark.parametrize(("options", "named"), [
    (["--manifold", "torus", "--dtype", "float32"], "--dtype"),
    (["--manifold", "torus", "--stiffness", "9"], "--stiffness"),
    (["--embedding", "sphere.pt", "--parameters", "2,1"], "--parameters"),
])
def test_options_that_change_nothing_are_named(files, options, named):
    def said(*given):
        return run("geodesic", *given, "--from", "0.1,0.2", "--to", "0.4,0.3", "--reference", "off").ok().stderr

    assert f"{named} changes nothing here" in said(*(str(files / o) if o.endswith(".pt") else o for o in options))
    # Where they do something nothing is said.
    assert "changes nothing" not in said("--manifold", "torus", "--parameters", "2,1")
