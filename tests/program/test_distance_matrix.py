"""latentpath geodesic --matrix: all distances between some points, against closed forms and SciPy-free truths."""

import numpy as np
import pytest
import torch

from conftest import check_one_sentence, run


def matrix(points, *arguments, out, threads=1):
    np.save(out.parent / f"{out.name}.npy", points)
    return run("geodesic", "--matrix", str(out.parent / f"{out.name}.npy"), *arguments, "--quiet", "--threads", str(threads),
               "--out", str(out), out=out)


def distances_of(result):
    found = np.load(result.out / "distances.npy")
    assert (found == np.loadtxt(result.out / "distances.csv", delimiter=",")).all()
    assert (found == found.T).all() and (np.diag(found) == 0).all()
    figures = result.document["summary"]["matrix"]
    assert figures["points"] == len(found) and figures["pairs"] == len(found) * (len(found) - 1) // 2
    above = found[np.triu_indices(len(found), 1)]
    assert figures["least"] == above.min() and figures["greatest"] == above.max()
    return found, figures


def sphere(z):
    r = (z * z).sum(1, keepdims=True)
    return np.concatenate([2 * z, r - 1], 1) / (1 + r)


def sphere_distances(z):
    x = sphere(z)
    return 2 * np.arcsin(np.minimum(1, np.linalg.norm(x[:, None] - x[None], axis=2) / 2))


def disc_distances(z):
    gap = ((z[:, None] - z[None]) ** 2).sum(2)
    room = 1 - (z * z).sum(1)
    return 2 * np.arcsinh(np.sqrt(gap / (room[:, None] * room[None])))


class Sphere(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        r = (z * z).sum(1, keepdim=True)
        return torch.cat([2 * z, r - 1], 1) / (1 + r)


@pytest.mark.parametrize("manifold", ["stereographic", "poincare"])
def test_never_below_the_distance_and_hardly_above(manifold, tmp_path):
    generator = np.random.default_rng(1)
    if manifold == "poincare":
        angle, r = 2 * np.pi * generator.uniform(size=25), np.tanh(2.5 * generator.uniform(size=25))
        points = np.stack([r * np.cos(angle), r * np.sin(angle)], 1)
        truth = disc_distances(points)
    else:
        points = generator.normal(size=(25, 2))
        truth = sphere_distances(points)
    known = matrix(points, "--manifold", manifold, out=tmp_path / "known").ok()
    assert known.document["summary"]["method"] == "closed form"
    assert np.allclose(distances_of(known)[0], truth, rtol=1e-12, atol=1e-15)
    found, figures = distances_of(matrix(points, "--manifold", manifold, "--method", "newton", out=tmp_path / "run").ok())
    above = np.triu_indices(len(points), 1)
    assert (found[above] >= truth[above] * (1 - 1e-12)).all()
    assert (found[above] <= truth[above] * (1 + 1e-6)).all()
    assert figures["not_converged"] == 0
    assert not (tmp_path / "run" / "path.npy").exists() and (tmp_path / "run" / "run.json").exists()


def test_of_a_torus_the_short_way_round(tmp_path):
    points = np.random.default_rng(2).uniform(-3, 3, size=(8, 2))
    known, _ = distances_of(matrix(points, "--manifold", "flat-torus", out=tmp_path / "known").ok())
    found, _ = distances_of(matrix(points, "--manifold", "flat-torus", "--method", "newton", out=tmp_path / "run").ok())
    difference = points[:, None] - points[None]
    difference -= 2 * np.pi * np.round(difference / (2 * np.pi))
    assert np.allclose(found, np.linalg.norm(difference, axis=2), rtol=1e-9)
    assert np.allclose(known, np.linalg.norm(difference, axis=2), rtol=1e-13)


def test_round_a_hole_by_way_of_other_points(tmp_path):
    """The straight line through a disc leads to either side of it; no distance stays above a route through others."""
    angle = 2 * np.pi * np.arange(9) / 9
    points = np.concatenate([1.3 * np.stack([np.cos(angle), np.sin(angle)], 1), [[0, 2.0], [0.1, -2.0]]])
    found, _ = distances_of(
        matrix(points, "--manifold", "discs", "--parameters=0,0,1", "--stiffness", "50", out=tmp_path / "run").ok())
    assert (found[:, :, None] <= found[:, None, :] + found.T[None, :, :] + 1e-6).all()


def test_of_a_file(tmp_path):
    torch.jit.script(Sphere()).save(str(tmp_path / "sphere.pt"))
    points = np.random.default_rng(3).normal(size=(12, 2)) * 0.7
    result = matrix(points, "--embedding", tmp_path / "sphere.pt", out=tmp_path / "run").ok()
    found, figures = distances_of(result)
    above = np.triu_indices(len(points), 1)
    assert np.allclose(found[above], sphere_distances(points)[above], rtol=1e-3)
    assert result.document["summary"]["method"] == "lbfgs"


def test_equal_points_and_two(tmp_path):
    found, _ = distances_of(matrix(np.array([[0.1, 0.2], [0.1, 0.2]]), "--manifold", "stereographic", out=tmp_path / "run").ok())
    assert (found == 0).all()


@pytest.mark.parametrize("name, points, arguments, code, words", [
    ("one point", np.zeros((1, 2)), [], 3, ["[n, D]", "at least 2"]),
    ("three axes", np.zeros((2, 2, 2)), [], 3, ["[n, D]"]),
    ("NaN", np.array([[0, 1], [0, np.nan]]), [], 3, ["NaN"]),
    ("squares overflow", np.array([[1e200, 0], [0, 1]]), [], 3, ["1e+200", "unit"]),
    ("ends", np.zeros((3, 2)), ["--from", "0,0"], 2, ["--matrix", "--from"]),
    ("a reference", np.zeros((3, 2)), ["--reference", "on"], 2, ["--matrix", "--reference"]),
    ("too many", np.zeros((400000, 1)), [], 2, ["--matrix", "400000", "GB"]),
])
def test_refused(name, points, arguments, code, words, tmp_path):
    result = matrix(points, "--manifold", "plane", *arguments, out=tmp_path / "run")
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)
    assert not (tmp_path / "run").exists()


def test_a_table_without_a_finite_distance_is_no_success(tmp_path):
    result = matrix(np.array([[1e149, 0], [0, 1]]), "--manifold", "paraboloid", out=tmp_path / "run")
    assert result.code == 4 and "all distances are NaN or infinite" in result.stderr
    assert (tmp_path / "run" / "run.json").exists()  # what was found is kept


def test_periods_that_cannot_be_counted(tmp_path):
    result = matrix(np.array([[2e10, 0], [0, 0]]), "--manifold", "cylinder", out=tmp_path / "run")
    assert result.code == 2
    check_one_sentence(result, "periods")
    found, _ = distances_of(matrix(np.array([[2e6 * np.pi + 1, 0], [0, 0]]), "--manifold", "cylinder", out=tmp_path / "near").ok())
    assert found[0, 1] == pytest.approx(1, abs=1e-8)
