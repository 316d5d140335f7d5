"""latentpath geodesic --exp and --log, against closed forms."""

import math

import numpy as np
import pytest

from conftest import check_one_sentence, run


def geodesic(*arguments, out=None):
    folder = [] if out is None else ["--out", str(out)]
    return run("geodesic", *arguments, "--quiet", "--threads", "1", "--reference", "off", *folder, out=out)


def disc_exponential(z, v):
    """Of the Poincare disc, by the Moebius transformation that takes 0 to z."""
    w = math.tanh(abs(v) / (1 - abs(z) ** 2)) * v / abs(v)
    return (w + z) / (1 + z.conjugate() * w)


def test_exponential_of_the_hyperbolic_plane(tmp_path):
    points = np.array([[0.1, 0.2], [-0.5, 0.3], [0.0, 0.0]])
    velocities = np.array([[0.3, -0.1], [0.2, 0.2], [-0.7, 0.4]])
    np.save(tmp_path / "points.npy", points)
    np.save(tmp_path / "velocities.npy", velocities)
    result = geodesic("--manifold", "poincare", "--from", tmp_path / "points.npy", "--exp", tmp_path / "velocities.npy",
                      "--segments", "20", out=tmp_path / "run").ok()
    ends = np.load(result.out / "exp.npy")
    for end, z, v in zip(ends, points, velocities):
        assert abs(complex(*end) - disc_exponential(complex(*z), complex(*v))) < 1e-8
    assert result.path.shape == (3, 21, 2) and (result.path[:, 0] == points).all() and (result.path[:, -1] == ends).all()
    for pair, z, v in zip(result.pairs, points, velocities):
        assert pair["path"]["complete"] and pair["path"]["speed_drift"] < 1e-9
        assert pair["path"]["length"] == pytest.approx(2 * np.linalg.norm(v) / (1 - z @ z), rel=1e-12)


@pytest.mark.parametrize("manifold", ["sphere", "poincare"])
def test_logarithm_undoes_the_exponential(manifold, tmp_path):
    moved = geodesic("--manifold", manifold, "--from", "0.1,0.2", "--exp", "0.4,-0.3", out=tmp_path / "exp").ok()
    end = np.load(moved.out / "exp.npy")[0]
    back = geodesic("--manifold", manifold, "--from", "0.1,0.2", f"--to={float(end[0])!r},{float(end[1])!r}",
                    "--log", out=tmp_path / "log").ok()
    assert np.allclose(np.load(back.out / "log.npy"), [[0.4, -0.3]], atol=1e-8)
    path = back.pairs[0]["path"]
    assert path["log"] == pytest.approx([0.4, -0.3], abs=1e-8) and path["log_miss"] <= 1e-10
    assert path["log_length"] == pytest.approx(moved.pairs[0]["path"]["length"], rel=1e-8)


@pytest.mark.parametrize("arguments, code, words", [
    (["--manifold", "sphere", "--exp", "1,0"], 2, ["--exp", "--from"]),
    (["--manifold", "sphere", "--from", "0,0", "--exp", "1,0,2"], 3, ["--exp", "--from"]),
    (["--manifold", "sphere", "--from", "0,0", "--to", "1,1", "--exp", "1,0"], 2, ["--exp", "--to"]),
    (["--manifold", "cube", "--from", "0,0,1", "--exp", "1,0,0"], 2, ["level set"]),
])
def test_refused(arguments, code, words, tmp_path):
    result = geodesic(*arguments, out=tmp_path / "run")
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)
    assert not (tmp_path / "run").exists()


def sphere(z):
    z = np.asarray(z, float)
    return np.array([2 * z[0], 2 * z[1], z @ z - 1]) / (1 + z @ z)


def pushed(z, w, step=1e-6):
    """d of the stereographic projection, by differences."""
    z, w = np.asarray(z, float), np.asarray(w, float)
    return (sphere(z + step * w) - sphere(z - step * w)) / (2 * step)


@pytest.mark.parametrize("way", [["--to", "0.7,-0.2"], ["--exp", "0.5,-0.4"]])
def test_transport_along_a_great_circle(way, tmp_path):
    z, w = [0.1, 0.2], [0.3, 1.0]
    result = geodesic("--manifold", "sphere", "--from", "0.1,0.2", *way, "--transport", "0.3,1", out=tmp_path / "run").ok()
    carried = np.load(result.out / "transport.npy")[0]
    path, end = result.pairs[0]["path"], result.path[0, -1]
    assert path["transported"] == pytest.approx(list(carried)) and 0 <= path["transport_error"] < 1e-9
    # The turn of R^3 that takes one end to the other takes the vector with it.
    x, y, before = sphere(z), sphere(end), pushed(z, w)
    axis = np.cross(x, y) / np.linalg.norm(np.cross(x, y))
    angle = np.arccos(x @ y)
    turned = (before * np.cos(angle) + np.cross(axis, before) * np.sin(angle) + axis * (axis @ before) * (1 - np.cos(angle)))
    assert np.allclose(pushed(end, carried), turned, atol=1e-8)


def test_transport_round_a_polyline(tmp_path):
    angle = np.linspace(0, 2 * np.pi, 201)
    np.save(tmp_path / "circle.npy", 0.5 * np.stack([np.cos(angle), np.sin(angle)], 1))
    result = geodesic("--manifold", "poincare", "--along", tmp_path / "circle.npy", "--transport", "1,0",
                      out=tmp_path / "run").ok()
    carried = np.load(result.out / "transport.npy")[0]
    area = np.pi * 4 * 0.25 / (1 - 0.25)
    assert np.hypot(*carried) == pytest.approx(1, abs=1e-8)
    assert abs(np.angle(complex(*carried) * np.exp(1j * area))) < 1e-3
    assert np.load(result.out / "transport_along.npy").shape == (1, 201, 2)


def test_mean_of_symmetric_points_and_of_weighted_ones(tmp_path):
    turn = 2 * np.pi * np.arange(5) / 5
    at_zero = np.tanh(0.6) * np.exp(1j * turn)
    moved = (at_zero + 0.3 - 0.1j) / (1 + (0.3 + 0.1j) * at_zero)
    np.savetxt(tmp_path / "points.csv", np.stack([moved.real, moved.imag], 1), delimiter=",", fmt="%.17g")
    result = geodesic("--manifold", "poincare", "--mean", tmp_path / "points.csv", out=tmp_path / "run").ok()
    assert np.allclose(np.load(result.out / "mean.npy"), [0.3, -0.1], atol=1e-8)
    mean = result.document["summary"]["mean"]
    assert mean["converged"] and mean["unique"] and mean["variance"] == pytest.approx(1.44, abs=1e-8)
    weighted = geodesic("--manifold", "poincare", "--mean", tmp_path / "points.csv", "--weights", "0,0,3,0,0",
                        out=tmp_path / "one").ok()
    assert np.allclose(np.load(weighted.out / "mean.npy"), [moved[2].real, moved[2].imag], atol=1e-9)


def test_mean_that_is_not_unique_is_said(tmp_path):
    np.save(tmp_path / "points.npy", [[0.0, 0.0], [np.pi, 0.0]])
    result = geodesic("--manifold", "flat-torus", "--mean", tmp_path / "points.npy", out=tmp_path / "run").ok()
    summary = result.document["summary"]
    assert not summary["mean"]["unique"] and summary["mean"]["variance"] == pytest.approx(np.pi ** 2 / 4)
    assert any("not unique" in sentence for sentence in summary["warnings"])
    assert any("convexity radius" in sentence for sentence in summary["warnings"])


def test_curvature(tmp_path):
    points = np.array([[0.3, 0.2], [1.0, 2.5], [0.0, -1.0]])
    np.save(tmp_path / "points.npy", points)
    torus = geodesic("--manifold", "torus", "--parameters", "2,0.7", "--from", tmp_path / "points.npy", "--curvature",
                     out=tmp_path / "torus").ok()
    truth = np.cos(points[:, 1]) / (0.7 * (2 + 0.7 * np.cos(points[:, 1])))
    assert np.allclose(np.load(torus.out / "curvature.npy"), truth, atol=1e-8)
    ball = geodesic("--manifold", "poincare", "--from", "0.1,0.2,0.3", "--curvature", out=tmp_path / "ball").ok()
    assert np.allclose(np.load(ball.out / "curvature.npy")[0], np.eye(3) - 1, atol=1e-8)
    assert ball.pairs[0]["path"]["scalar_curvature"] == pytest.approx(-6, abs=1e-8)


def test_antipodes_have_no_one_logarithm(tmp_path):
    result = geodesic("--manifold", "sphere", "--from", "0.5,0", "--to=-2,0", "--log", out=tmp_path / "run").ok()
    assert result.pairs[0]["path"]["log_unique"] is False
    assert result.pairs[0]["path"]["log_length"] == pytest.approx(np.pi, abs=1e-9)
    assert any("one of many" in sentence for sentence in result.document["summary"]["warnings"])


def test_matrices_by_closed_forms(tmp_path):
    generator = np.random.default_rng(1)
    root = generator.normal(size=(4, 3, 3))
    matrices = root @ root.transpose(0, 2, 1) + 0.1 * np.eye(3)
    np.save(tmp_path / "spd.npy", matrices)
    spd = ["--manifold", "spd", "--parameters", "3"]
    table = geodesic(*spd, "--matrix", tmp_path / "spd.npy", out=tmp_path / "table").ok()
    found = np.load(table.out / "distances.npy")
    for i in range(4):
        for j in range(4):
            values = np.linalg.eigvals(np.linalg.solve(matrices[i], matrices[j])).real
            assert found[i, j] == pytest.approx(np.sqrt((np.log(values) ** 2).sum()), abs=1e-8)
    assert table.document["summary"]["method"] == "closed form"
    mean = geodesic(*spd, "--mean", tmp_path / "spd.npy", out=tmp_path / "mean").ok()
    middle = np.load(mean.out / "mean.npy").reshape(3, 3)
    values, vectors = np.linalg.eigh(middle)
    inverse = vectors @ np.diag(values ** -0.5) @ vectors.T
    logs = np.zeros((3, 3))
    for matrix in matrices:
        e, q = np.linalg.eigh(inverse @ matrix @ inverse)
        logs += q @ np.diag(np.log(e)) @ q.T
    assert np.abs(logs).max() < 1e-8
    path = geodesic("--manifold", "so3", "--from", "1,0,0,0,1,0,0,0,1", "--to", "0,-1,0,1,0,0,0,0,1", "--log",
                    out=tmp_path / "path").ok()
    assert path.pairs[0]["path"]["length"] == pytest.approx(np.pi / 2) and path.path.shape == (1, 101, 9)
    assert np.load(path.out / "log.npy")[0] == pytest.approx([0, -np.pi / 2, 0, np.pi / 2, 0, 0, 0, 0, 0], abs=1e-12)


@pytest.mark.parametrize("arguments, code, words", [
    (["--manifold", "sphere", "--curvature"], 2, ["--curvature", "--from"]),
    (["--manifold", "sphere", "--from", "0,0", "--exp", "1,0", "--curvature"], 2, ["--exp", "--curvature"]),
    (["--manifold", "sphere", "--from", "0,0", "--to", "1,1", "--transport", "1,0,2"], 3, ["--transport", "--from"]),
    (["--manifold", "sphere", "--from", "0,0", "--to", "1,1", "--weights", "1,0"], 2, ["--weights", "--mean"]),
    (["--manifold", "sphere", "--from", "0,0", "--to", "1,1", "--along", "a.npy"], 2, ["--along"]),
    (["--manifold", "sphere", "--mean", "1,2"], 2, ["--mean", "FILE.npy"]),
    (["--manifold", "spd", "--from", "1,0,0,1", "--to", "2,0,0,2"], 2, ["spd", "1 parameters"]),
    (["--manifold", "spd", "--parameters", "2", "--from", "1,0,0,1", "--to", "1,2,2,1"], 2, ["--to", "eigenvalue"]),
    (["--manifold", "so3", "--from", "1,0,0,0,1,0,0,0,1", "--to", "1,0,0"], 3, ["--to", "9 numbers"]),
    (["--manifold", "so3", "--from", "1,0,0,0,1,0,0,0,1", "--curvature"], 2, ["so3", "--curvature"]),
    (["--manifold", "so3", "--from", "1,0,0,0,1,0,0,0,1", "--to", "1,0,0,0,1,0,0,0,1", "--method", "lbfgs"], 2, ["closed forms", "--method"]),
    (["--manifold", "so3", "--from", "1,0,0,0,1,0,0,0,1", "--to", "1,0,0,0,1,0,0,0,1", "--init", "linear"], 2, ["closed forms", "--init"]),
])
def test_maps_refused(arguments, code, words, tmp_path):
    result = geodesic(*arguments, out=tmp_path / "run")
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)
    assert not (tmp_path / "run").exists()
