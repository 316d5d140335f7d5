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
