"""--through, --closed and --tours: smooth paths through points in turn."""

import numpy as np
import pytest

from conftest import check_one_sentence, options, run

DIGITS = {"decoder": "mnist-vae-8", "segments": 16, "threads": 1, "strips": 1}


def interpolate(out, **more):
    return run("interpolate", *options(out=out, **{**DIGITS, **more}), out=out)


def velocities(nodes, times):
    return np.diff(nodes, axis=0) / np.diff(times)[:, None]


def test_a_tour_passes_its_points_and_is_smooth_there(tmp_path):
    points = np.random.default_rng(3).normal(size=(4, 8)).astype("float32")
    np.save(tmp_path / "points.npy", points[1:3])
    spec = lambda point: ",".join(repr(float(value)) for value in point)  # noqa: E731
    found = interpolate(tmp_path / "out", from_=spec(points[0]), through=str(tmp_path / "points.npy"), to=spec(points[3])).ok()
    tour, times = np.load(found.out / "tour.npy")[0], np.load(found.out / "tour_times.npy")[0]
    told = found.document["summary"]["tours"][0]
    assert len(found.pairs) == told["legs"] == 3 and told["point_nodes"] == [0, 64, 128, 192]
    assert (tour[told["point_nodes"]] == points).all()  # to the last bit
    assert told["cost_refined"] <= 1.05 * told["legs_cost_refined"]
    assert told["legs_cost_refined"] == pytest.approx(sum(pair["path"]["cost_refined"] for pair in found.pairs), rel=0.02)
    assert told["bent"] > 0 and told["velocity_jump"] < 1e-3 < told["legs_velocity_jump"]
    v = velocities(tour.astype("float64"), times)
    for node in (64, 128):
        assert np.linalg.norm(v[node] - v[node - 1]) < 0.02 * np.linalg.norm(v, axis=1).mean()
    assert (found.out / "frames" / "tour.png").exists() and "smooth at its points" in found.stdout


def test_a_closed_tour_comes_back_and_sharp_corners_stay(tmp_path):
    closed = interpolate(tmp_path / "closed", from_="seed:1", through=["seed:2", "seed:3"], closed=True, corners="sharp").ok()
    tour = np.load(closed.out / "tour.npy")[0]
    assert len(closed.pairs) == 3 and (tour[0] == tour[-1]).all()
    told = closed.document["summary"]["tours"][0]
    assert told["bent"] == 0 and told["cost_refined"] == told["legs_cost_refined"] and "with corners" in closed.stdout
    # What a leg comes to does not depend on the tour that it is of.
    alone = interpolate(tmp_path / "alone", from_="seed:2", to="seed:3").ok()
    assert alone.pairs[0]["path"]["cost_refined"] == pytest.approx(closed.pairs[1]["path"]["cost_refined"], rel=1e-3)


def test_a_classifier_that_a_point_between_asks_for_is_in_use(tmp_path):
    asked = interpolate(tmp_path / "asked", classifier="mnist-classifier", from_="seed:1", through="class:3", to="seed:2").ok()
    assert "changes nothing" not in asked.stderr
    idle = interpolate(tmp_path / "idle", classifier="mnist-classifier", from_="seed:1", through="seed:3", to="seed:2").ok()
    assert "--classifier changes nothing here" in idle.stderr
    assert [pair["name"] for pair in asked.pairs] == ["leg 1", "leg 2"]  # as the page calls them


def test_many_tours_are_a_file(tmp_path):
    np.save(tmp_path / "tours.npy", np.random.default_rng(5).normal(size=(2, 3, 8)).astype("float32"))
    found = interpolate(tmp_path / "out", tours=tmp_path / "tours.npy", max_iterations=10).ok()
    assert np.load(found.out / "tour.npy").shape == (2, 2 * 64 + 1, 8) and len(found.pairs) == 4
    assert [tour["first_pair"] for tour in found.document["summary"]["tours"]] == [0, 2]
    assert "2 tours of 2 legs" in found.stdout
    assert [pair["name"] for pair in found.pairs] == [f"tour {tour}, leg {leg}" for tour in (1, 2) for leg in (1, 2)]


@pytest.mark.parametrize(
    "given, said",
    [
        ({"from_": "seed:1", "through": "seed:2"}, "--to is missing"),
        ({"from_": "seed:1", "to": "seed:3", "through": "seed:2", "closed": True}, "--closed"),
        ({"from_": "seed:1", "to": "seed:3", "closed": True}, "--through"),
        ({"from_": "seed:1", "through": "seed:2", "loop": True}, "--loop"),
        ({"through": "seed:2", "to": "seed:3"}, "--from"),
        ({"from_": "seed:1", "to": "seed:3", "through": "nowhere"}, "--through"),
        ({"from_": "seed:1", "to": "seed:3", "through": "seed:2", "density_regularisation": "auto"}, "--density-regularisation"),
        ({"from_": "seed:1", "to": "seed:3", "through": "seed:2", "tour_allowance": -1}, "--tour-allowance"),
        ({"from_": "seed:1", "to": "seed:3", "through": "50,0,0,0,0,0,0,0"}, "--through"),
    ],
)
def test_what_is_no_tour_is_refused(tmp_path, given, said):
    refused = interpolate(tmp_path / "out", quiet=True, **given)
    assert refused.code in (2, 3)
    check_one_sentence(refused, said)
    assert not (tmp_path / "out").exists()


def test_the_film_of_a_tour_is_of_the_whole(tmp_path):
    asked = {"from_": "seed:1", "through": "seed:2", "closed": True, "max_iterations": 5}
    found = interpolate(tmp_path / "out", frames_dir=tmp_path / "frames", seconds=0.9, fps=10, **asked).ok()
    frames = sorted((tmp_path / "frames").iterdir())
    assert len(frames) == 9 and frames[0].read_bytes() == frames[-1].read_bytes() != frames[4].read_bytes()
    assert run("render", str(found.out), *options(frames_dir=tmp_path / "again", seconds=0.9, fps=10)).code == 0
    assert [frame.read_bytes() for frame in sorted((tmp_path / "again").iterdir())] == [frame.read_bytes() for frame in frames]
    refused = run("render", str(found.out), *options(frames_dir=tmp_path / "rows", rows="ours,linear", quiet=True))
    assert refused.code == 2
    check_one_sentence(refused, "--rows", "tour")
    assert not (tmp_path / "rows").exists()
    early = interpolate(tmp_path / "early", frames_dir=tmp_path / "rows", rows="ours,linear", quiet=True, **asked)
    check_one_sentence(early, "--rows", "tour")
    assert early.code == 2 and not (tmp_path / "early").exists()  # before the search
