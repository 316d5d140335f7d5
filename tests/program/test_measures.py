"""latentpath measures, as its users run it."""

import json

import numpy as np
import pytest
import torch

from conftest import check_one_sentence, check_picture_formats, options, run


def measures(folder, name="run", **chosen):
    settings = {"threads": 1, "seed": 1, "quiet": True, **chosen}
    out = folder / name
    return run("measures", *options(out=out, **settings), out=out)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The first of the papers' examples with 40 points; to be looked at, not changed."""
    return measures(tmp_path_factory.mktemp("example"), example=1, points=40, picture_format="svg,pdf").ok()


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(30, 2)), generator.normal(size=(20, 2)) + 4
    np.savetxt(folder / "x.csv", x, delimiter=",", header="east,north", comments="")
    np.save(folder / "y.npy", y)
    np.save(folder / "y32.npy", y.astype(np.float32))
    np.save(folder / "cube.npy", np.zeros((5, 3)))
    np.save(folder / "nan.npy", np.array([[1, np.nan]]))
    np.save(folder / "none.npy", np.zeros((0, 2)))
    np.save(folder / "deep.npy", np.zeros((2, 2, 2)))
    np.save(folder / "line.npy", generator.normal(size=50))
    (folder / "one.csv").write_text("0,0\n")
    (folder / "ragged.csv").write_text("1,2\n3\n")
    (folder / "nan.csv").write_text("1,2\n3,nan\n")
    (folder / "words.csv").write_text("1,2\n3,banana\n")
    (folder / "empty.csv").write_text("")
    (folder / "heading.csv").write_text("x,y\n")
    (folder / "weights.csv").write_text("\n".join(["1"] * 29 + ["2"]))
    (folder / "short.csv").write_text("1\n2\n")
    (folder / "negative.csv").write_text("\n".join(["1"] * 29 + ["-1"]))
    return folder


def test_run_folder(example):
    document = example.document
    assert document["subcommand"] == "measures" and document["options"]["example"] == 1
    assert example.path.shape == (1, 11, 40, 2)
    times = np.load(example.out / "times.npy")
    assert np.allclose(times, np.arange(11) / 10)
    picture = (example.out / "frames" / "strip.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    check_picture_formats(example.out / "frames")
    pair, = document["summary"]["pairs"]
    path = pair["path"]
    assert path["lower_bound"] == pytest.approx(path["squared_mmd"] / 10)
    assert path["cost_over_lower_bound"] == pytest.approx(path["cost"] / path["lower_bound"])
    assert path["cost_over_lower_bound"] <= 1.008
    assert len(path["steps"]) == 10 and sum(step ** 2 for step in path["steps"]) == pytest.approx(path["cost"])
    assert path["step_spread"] < 0.05
    assert path["termination"] == "converged" and path["iterations"] > 0
    assert abs(pair["mixture"]["cost_over_lower_bound"] - 1) < 1e-10
    assert pair["displacement"]["cost_over_lower_bound"] > 1.2
    assert {start["start"] for start in pair["starts"]} == {"random", "matched", "straight", "smooth"}
    for start in pair["starts"][1:]:
        assert np.load(example.out / f"path-{start['start']}.npy").shape == (1, 11, 40, 2)


def test_report_shows_every_method(example):
    page = json.loads((example.out / "report" / "data.json").read_text())
    assert page["kind"] == "measures"
    assert {"mixture", "displacement"} < {method["name"] for method in page["methods"]}
    for method in page["methods"]:
        assert len(method["points"]) == len(method["times"])
        assert method["times"][0] == 0 and method["times"][-1] == 1
    transport = {method["name"]: method["figures"] for method in page["methods"]}["displacement"]
    assert transport["squared_wasserstein"] == example.pairs[0]["displacement"]["squared_wasserstein"]
    moved = np.array(page["methods"][0]["points"])
    assert (moved == np.load(example.out / "path.npy")[0]).all()
    assert str(example.out.parent) not in (example.out / "report.html").read_text()


def gaussian_mmd(x, y, gamma):
    def mean(a, b):
        return np.exp(-gamma * ((a[:, None] - b[None]) ** 2).sum(2)).mean()

    return mean(x, x) - 2 * mean(x, y) + mean(y, y)


def test_figures_are_those_of_the_files(example):
    """Eq. 13 of what was saved, by NumPy."""
    cost = sum(gaussian_mmd(a, b, 1 / 8) for a, b in zip(example.path[0], example.path[0, 1:]))
    assert example.pairs[0]["path"]["cost"] == pytest.approx(cost, rel=1e-10)


def test_json_is_the_summary(tmp_path):
    result = measures(tmp_path, example=2, points=20, steps=4, json=True).ok()
    assert json.loads(result.stdout) == result.document["summary"]
    assert result.stderr == ""


@pytest.mark.parametrize("kind", ["mmd", "mixture", "displacement"])
def test_the_kind_by_the_option_that_once_asked_for_it(kind, samples, tmp_path):
    asked = {"from_": samples / "x.csv", "to": samples / "y.npy", "steps": 3}
    today = measures(tmp_path, "today", kind=kind, **asked).ok()
    once = measures(tmp_path, "once", method=kind, quiet=None, **asked).ok()
    assert "--kind " + kind in once.stderr and once.document["options"]["kind"] == kind
    assert (once.out / "path.npy").read_bytes() == (today.out / "path.npy").read_bytes()


@pytest.mark.parametrize("kind", ["mmd", "mixture", "displacement"])
def test_files_of_different_sizes(kind, samples, tmp_path):
    result = measures(tmp_path, from_=samples / "x.csv", to=samples / "y.npy", kind=kind, steps=5).ok()
    path, weights = result.path[0], np.load(result.out / "weights.npy")[0]
    x = np.loadtxt(samples / "x.csv", delimiter=",", skiprows=1)
    assert np.allclose(weights.sum(1), 1)
    shown = {tuple(point) for point in path[0][weights[0] > 0]}
    assert shown == {tuple(point) for point in x}  # the start is the file's sample, digit by digit
    gamma = 1 / 8
    again = measures(tmp_path, "width", from_=samples / "x.csv", to=samples / "y.npy", kind=kind, steps=5,
                     width=2).ok()  # sigma = 2 is gamma = 1/8
    assert again.pairs[0]["path"]["squared_mmd"] == pytest.approx(
        gaussian_mmd(x, np.load(samples / "y.npy"), gamma), rel=1e-10)


def test_kernels(samples, tmp_path):
    for index, chosen in enumerate([{"kernel": "imq", "c": 10}, {"kernel": "laplace", "width": 2}, {"kernel": "energy"},
                                    {"kernel": "linear"}, {"gamma": [0.25, 0.0625]}, {"kernel": "imq"}]):
        result = measures(tmp_path, str(index), from_=samples / "x.csv", to=samples / "y32.npy", kind="mixture",
                          steps=3, **chosen).ok()
        assert abs(result.pairs[0]["path"]["cost_over_lower_bound"] - 1) < 1e-10


def test_one_dimension_and_one_point(samples, tmp_path):
    line = measures(tmp_path, "line", from_=samples / "line.npy", to=samples / "line.npy").ok()
    assert line.pairs[0]["path"]["squared_mmd"] == 0  # equal samples: exactly
    assert line.pairs[0]["path"]["cost_over_lower_bound"] is None
    assert any("equal" in warning for warning in line.document["summary"]["warnings"])
    one = measures(tmp_path, "one", from_=samples / "one.csv", to=samples / "y.npy", steps=3).ok()
    assert one.path.shape == (1, 4, 20, 2)


def test_weights(samples, tmp_path):
    result = measures(tmp_path, from_=samples / "x.csv", to=samples / "y.npy", from_weights=samples / "weights.csv",
                      kind="mixture", steps=2).ok()
    assert np.load(result.out / "weights.npy")[0, 0, 29] == pytest.approx(2 / 31)


class Clear(torch.nn.Module):
    """Low in a disc around (2, 2), which lies between the samples."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(4 * ((z - 2).square().sum(1).sqrt() - 1))


class TooLarge(torch.nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 3 + z.sum(1)


def test_quality(samples, tmp_path):
    torch.jit.script(Clear()).save(str(tmp_path / "clear.pt"))
    asked = {"from_": samples / "x.csv", "to": samples / "y.npy", "kind": "displacement", "steps": 6}
    free = measures(tmp_path, "free", **asked).ok()
    minded = measures(tmp_path, "minded", quality=tmp_path / "clear.pt", **asked).ok()

    def inside(result):
        return (np.linalg.norm(result.path[0] - 2, axis=2) < 1).sum()

    assert inside(free) > 10 and inside(minded) < inside(free) / 5
    assert minded.pairs[0]["path"]["mean_quality"] > 0.8
    assert free.path[0, 0].tolist() == minded.path[0, 0].tolist()


def test_config(tmp_path):
    (tmp_path / "run.toml").write_text('example = 3\npoints = 20\nsteps = 4\nkernel = "imq"\nc = 10\n')
    result = measures(tmp_path, config=tmp_path / "run.toml").ok()
    assert "imq(c=10)" in result.document["summary"]["kernel"]


def test_same_seed_same_bytes(tmp_path):
    runs = [measures(tmp_path, name, example=1, points=30, steps=4, seed=5).ok() for name in ("one", "two")]
    assert (runs[0].out / "path.npy").read_bytes() == (runs[1].out / "path.npy").read_bytes()


ARGUMENT, INPUT = 2, 3
CASES = {
    "ragged": ({"from_": "ragged.csv"}, INPUT, ["ragged.csv", "line 2"]),
    "NaN in text": ({"from_": "nan.csv"}, INPUT, ["nan.csv", "line 2", "finite"]),
    "NaN in an array": ({"to": "nan.npy"}, INPUT, ["nan.npy", "NaN"]),
    "words": ({"from_": "words.csv"}, INPUT, ["words.csv", "banana"]),
    "empty": ({"from_": "empty.csv"}, INPUT, ["empty.csv", "no numbers"]),
    "heading alone": ({"from_": "heading.csv"}, INPUT, ["heading.csv", "no numbers"]),
    "no points": ({"to": "none.npy"}, INPUT, ["none.npy", "at least one point"]),
    "three axes": ({"to": "deep.npy"}, INPUT, ["deep.npy", "[2, 2, 2]"]),
    "missing": ({"from_": "nowhere.csv"}, INPUT, ["nowhere.csv"]),
    "dimensions": ({"to": "cube.npy"}, INPUT, ["cube.npy", "2", "3"]),
    "weights too few": ({"from_weights": "short.csv"}, INPUT, ["short.csv", "30"]),
    "weight negative": ({"from_weights": "negative.csv"}, INPUT, ["negative.csv", "negative"]),
    "no end": ({"to": None}, ARGUMENT, ["--to"]),
    "no start": ({"from_": None}, ARGUMENT, ["--from"]),
    "example and files": ({"example": 1}, ARGUMENT, ["--example"]),
    "no such example": ({"example": 7, "from_": None, "to": None}, ARGUMENT, ["--example", "7"]),
    "straight with unequal sizes": ({"start": "straight"}, ARGUMENT, ["straight", "30", "20"]),
    "no steps": ({"steps": 0}, ARGUMENT, ["--steps"]),
    "width of zero": ({"width": 0}, ARGUMENT, ["width", "positive"]),
    "two widths": ({"width": 1, "gamma": 1}, ARGUMENT, ["--width", "--gamma"]),
    "c for gaussian": ({"c": 1}, ARGUMENT, ["--c", "imq"]),
    "width for energy": ({"kernel": "energy", "width": 1}, ARGUMENT, ["energy", "width"]),
    "quality for mixture": ({"kind": "mixture", "quality": "x.pt"}, ARGUMENT, ["--quality", "mixture"]),
    "a solver of second order": ({"method": "newton"}, ARGUMENT, ["--method", "spectral-gradient", "newton"]),
    "deaf to its quality": ({"quality": "x.pt", "epsilon": 0.5}, ARGUMENT, ["--epsilon"]),
    "no such quality": ({"quality": "nowhere.pt"}, INPUT, ["nowhere.pt"]),
    **{f"unknown {option}": ({option: "banana"}, ARGUMENT, [option, "banana"])
       for option in ("kind", "method", "kernel", "start", "curve")},
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case, samples, tmp_path):
    asked, code, words = CASES[case]
    asked = {"from_": "x.csv", "to": "y.npy", **asked}
    for name in ("from_", "to", "from_weights", "quality"):
        if asked.get(name):
            asked[name] = samples / asked[name]
    result = measures(tmp_path, **asked)
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)
    assert list(tmp_path.iterdir()) == []


def test_settings_of_mmd_say_that_they_change_no_mixture(samples, tmp_path):
    result = measures(tmp_path, from_=samples / "x.csv", to=samples / "y.npy", kind="mixture", method="lbfgs", steps=3).ok()
    said = [each for each in result.document["assumptions"] if "changes nothing" in each]
    assert len(said) == 1 and "method" in said[0] and "mixture" in said[0]


def test_quality_out_of_range(samples, tmp_path):
    file = tmp_path / "large.pt"
    torch.jit.script(TooLarge()).save(str(file))
    result = measures(tmp_path, from_=samples / "x.csv", to=samples / "y.npy", quality=file)
    assert result.code == INPUT
    check_one_sentence(result, "large.pt", "between 0 and 1")


def test_transport_says_how_exact_it_is(samples, tmp_path):
    """Exact: bounds that meet. Entropic: bounds around the exact cost."""
    chosen = {"from_": samples / "x.csv", "to": samples / "y.npy", "kind": "displacement", "steps": 3}
    exact = measures(tmp_path, "exact", **chosen).ok().pairs[0]["displacement"]
    low, high = exact["squared_wasserstein_bounds"]
    assert exact["transport"] == "exact" and high == exact["squared_wasserstein"]
    assert 0 <= exact["duality_gap"] == high - low < 1e-12 * high
    entropic = measures(tmp_path, "entropic", transport="entropic", **chosen).ok()
    found = entropic.pairs[0]["displacement"]
    below, above = found["squared_wasserstein_bounds"]
    assert found["transport"] == "entropic" and below <= high * (1 + 1e-12) and above >= high * (1 - 1e-12)
    assert found["duality_gap"] == pytest.approx(above - below) and found["duality_gap"] < 0.2 * high
    assert any("lies between" in sentence for sentence in entropic.document["summary"]["warnings"])


def test_the_coupling_is_the_transport(samples, tmp_path):
    """Its marginals are the weights, and its mean squared distance is W2²."""
    x = np.loadtxt(samples / "x.csv", delimiter=",", skiprows=1)
    y = np.load(samples / "y.npy")
    result = measures(tmp_path, from_=samples / "x.csv", to=samples / "y.npy", from_weights=samples / "weights.csv", steps=3,
                      quiet=None).ok()
    coupling = np.load(result.out / "coupling.npy")
    first, second, mass = coupling[:, 0].astype(int), coupling[:, 1].astype(int), coupling[:, 2]
    figures = result.pairs[0]["displacement"]
    assert len(coupling) == figures["moves"] <= len(x) + len(y) - 1 and (mass > 0).all()
    weights = np.append(np.ones(29), 2) / 31
    assert np.bincount(first, mass, len(x)) == pytest.approx(weights)
    assert np.bincount(second, mass, len(y)) == pytest.approx(np.full(len(y), 1 / len(y)))
    cost = (mass * ((x[first] - y[second]) ** 2).sum(1)).sum()
    assert figures["squared_wasserstein"] == pytest.approx(cost, rel=1e-12)
    assert f"W2^2 between the samples {cost:.6g}"[:-1] in result.stdout and f"{len(coupling)} moves" in result.stdout
    assert "W₂² between the samples" in json.dumps(result.document["summary"]["verdict"], ensure_ascii=False)
    entropic = measures(tmp_path, "entropic", from_=samples / "x.csv", to=samples / "y.npy", steps=3, kind="displacement",
                        transport="entropic").ok()
    assert not (entropic.out / "coupling.npy").exists() and "moves" not in entropic.pairs[0]["displacement"]


def test_transport_that_does_not_fit(samples, tmp_path):
    chosen = {"from_": samples / "x.csv", "to": samples / "y.npy", "kind": "displacement", "memory": 1e-6}
    refused = measures(tmp_path, "refused", transport="exact", **chosen)
    check_one_sentence(refused, 2, "an exact transport of 30 x 20 points takes", "--memory", "--transport")
    assert not refused.out.exists()
    assert measures(tmp_path, "auto", steps=3, **chosen).ok().pairs[0]["displacement"]["transport"] == "entropic"
