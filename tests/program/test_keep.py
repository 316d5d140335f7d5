"""What should not change on the way: features, classes, and lengths between features."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conftest import check_one_sentence, options, run
from foreign_models import Painter


class Lamp(nn.Module):
    """The blob of the others, and a third latent that dims it: of dark pictures distances are short, so a path that
    nothing holds back dims the blob on its way."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 3
        self.output_range = [0.0, 1.0]
        self.prior = "normal"
        self.painter = Painter()

    def forward(self, z: Tensor) -> Tensor:
        blob = (self.painter(0.5 + 0.32 * torch.tanh(z[:, :2] / 1.5)) + 1) / 2
        return blob * (0.15 + 0.85 * torch.sigmoid(2 * z[:, 2:])).view(-1, 1, 1, 1)


class Brightness(nn.Module):
    """Pictures in [0, 1] to one feature: how bright the brightest place is, softly."""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]

    def forward(self, x: Tensor) -> Tensor:
        return 10 * x.flatten(1).pow(8).mean(1, keepdim=True).add(1e-9).pow(0.125)


class Layered(Brightness):
    """Its forward is another thing than its features."""

    @torch.jit.export
    def features(self, x: Tensor) -> Tensor:
        return 10 * x.flatten(1).pow(8).mean(1, keepdim=True).add(1e-9).pow(0.125)

    def forward(self, x: Tensor) -> Tensor:
        return 0 * x.flatten(1)[:, :1]


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 0 * x.flatten(1)[:, :3] + 1


class Mixing(nn.Module):
    """One row for the whole batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).mean(0, keepdim=True)[:, :3]


class Reduced(nn.Module):
    """Pictures to a coarse view of them, in which lengths are measured."""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]
        self.pool = nn.AvgPool2d(7)

    def forward(self, x: Tensor) -> Tensor:
        return 3 * self.pool(x)


@pytest.fixture(scope="module")
def files(tmp_path_factory, models):
    folder = tmp_path_factory.mktemp("keep")
    made = {"lamp": Lamp(), "brightness": Brightness(), "layered": Layered(), "constant": Constant(), "mixing": Mixing(),
            "reduced": Reduced()}
    for name, module in made.items():
        torch.jit.script(module.eval()).save(str(folder / f"{name}.pt"))
    return {name: folder / f"{name}.pt" for name in made}


ENDS = {"from_": "-1.2,-0.8,1.2", "to": "1.3,-0.6,1.2"}


def lamp(files, models, out, **chosen):
    settings = {"decoder": files["lamp"], "classifier": models["unit_classifier"], "favor": 8, **ENDS, "segments": 16,
                "seed": 1, "threads": 1, "quiet": True, "out": out, **chosen}
    return run("interpolate", *options(**settings), out=out)


def brightness(files, run_of):
    """Mean distance to the nearer end, of the path as it is stored."""
    decoder, features = (torch.jit.load(str(files[name])) for name in ("lamp", "brightness"))
    times = np.linspace(0, 1, 65)
    z = np.stack([np.interp(times, run_of.times[0], run_of.path[0][:, k]) for k in range(3)], 1)
    with torch.no_grad():
        f = features(decoder(torch.tensor(z, dtype=torch.float32)))
    distance = torch.minimum((f - f[0]).norm(dim=1), (f - f[-1]).norm(dim=1))
    return float((distance[1:] + distance[:-1]).mean() / 2), float(distance.max())


@pytest.fixture(scope="module")
def free(files, models, tmp_path_factory):
    return lamp(files, models, tmp_path_factory.mktemp("free") / "run").ok()


@pytest.fixture(scope="module")
def kept(files, models, tmp_path_factory):
    return lamp(files, models, tmp_path_factory.mktemp("kept") / "run", keep_features=files["brightness"]).ok()


def test_features_stay_near_those_of_the_nearer_end(files, free, kept):
    assert brightness(files, kept)[0] <= 0.7 * brightness(files, free)[0]
    without, with_it = (r.pairs[0]["path"]["mean_class_probability"] for r in (free, kept))
    assert with_it >= 0.95 * without


def test_figures_are_those_of_the_path(files, kept):
    said = kept.document["summary"]["kept"]
    assert said["features"] == "brightness.pt"
    assert said["scale"] == pytest.approx(said["typical_distance"])
    figures = kept.pairs[0]
    mean, largest = brightness(files, kept)
    # The path is stored in float32 and looked at in 65 frames, both here and there.
    assert figures["path"]["mean_feature_distance"] * said["typical_distance"] == pytest.approx(mean, rel=1e-3)
    assert figures["path"]["largest_feature_distance"] * said["typical_distance"] == pytest.approx(largest, rel=1e-3)
    assert len(figures["path"]["feature_distance"]) == 65 and figures["path"]["feature_distance"][0] == 0
    assert {"mean_feature_distance", "largest_feature_distance"} <= set(figures["linear"])
    assert "keep" in kept.document["quality"]
    assert "distance of the kept features to the nearer end" in kept.stdout
    assert "mean_feature_distance" in (kept.out / "report.html").read_text()


def test_a_method_features_is_what_is_called(files, models, tmp_path, kept):
    layered = lamp(files, models, tmp_path / "run", keep_features=files["layered"]).ok()
    np.testing.assert_array_equal(layered.path, kept.path)


def test_the_scale_is_what_counts_as_half_good(files, models, tmp_path, kept):
    loose = lamp(files, models, tmp_path / "loose", keep_features=files["brightness"], keep_scale=1000).ok()
    assert loose.document["summary"]["kept"]["scale"] == 1000
    assert brightness(files, loose)[0] > brightness(files, kept)[0]


def test_without_a_feature_the_path_only_keeps(files, models, tmp_path):
    settings = {"decoder": files["lamp"], **ENDS, "segments": 16, "seed": 1, "threads": 1, "quiet": True}
    plain = run("interpolate", *options(out=tmp_path / "a", **settings), out=tmp_path / "a").ok()
    kept = run("interpolate", *options(out=tmp_path / "b", keep_features=files["brightness"], **settings), out=tmp_path / "b").ok()
    assert brightness(files, kept)[0] <= 0.7 * brightness(files, plain)[0]


def test_pairs_keep_what_their_own_ends_have(files, models, tmp_path, kept):
    other = [[-0.5, 0.3, -1.0], [0.9, -0.2, -0.6]]
    ends = np.array([[[-1.2, -0.8, 1.2], [1.3, -0.6, 1.2]], other], dtype=np.float32)
    np.save(tmp_path / "pairs.npy", ends)
    both = lamp(files, models, tmp_path / "both", keep_features=files["brightness"], from_=None, to=None,
                pairs=tmp_path / "pairs.npy").ok()
    np.testing.assert_array_equal(both.path[0], kept.path[0])
    assert "mean_feature_distance" in (both.out / "table.csv").read_text()


def test_a_class_stays_as_it_is_at_the_ends(interpolate):
    # Class 4 lies on the straight line between the two; at neither end is it likely.
    free = interpolate("free", favor=None, classifier=None).ok()
    kept = interpolate("kept", favor=None, keep=4).ok()
    figures = kept.pairs[0]
    assert kept.document["summary"]["kept"] == {"classes": "4"}
    assert figures["path"]["mean_class_change"] < 0.7 * figures["linear"]["mean_class_change"]
    assert figures["path"]["largest_class_change"] <= 1
    assert not np.array_equal(free.path, kept.path)


def test_lengths_are_measured_between_features(files, models, tmp_path):
    settings = {"decoder": models["tanh"], "from_": "-1.2,-0.8", "to": "1.3,-0.6", "segments": 16, "seed": 1, "threads": 1,
                "quiet": True}
    plain = run("interpolate", *options(out=tmp_path / "a", **settings), out=tmp_path / "a").ok()
    seen = run("interpolate", *options(out=tmp_path / "b", embedding_features=files["reduced"], **settings), out=tmp_path / "b").ok()
    decoder, features = models.load("tanh"), torch.jit.load(str(files["reduced"]))

    def length(result):
        with torch.no_grad():
            fine = np.linspace(0, 1, 2001)
            z = np.stack([np.interp(fine, result.times[0], result.path[0][:, k]) for k in range(2)], 1)
            f = features((decoder(torch.tensor(z, dtype=torch.float64).float()) + 1) / 2).flatten(1).double()
        return float((f[1:] - f[:-1]).norm(dim=1).sum())

    assert seen.pairs[0]["path"]["embedding_length"] == pytest.approx(length(seen), rel=0.02)
    assert length(seen) <= length(plain) * 1.001


@pytest.mark.parametrize("chosen, code, words", [
    ({"keep_features": "nowhere.pt"}, 3, ["nowhere.pt"]),
    ({"keep_features": "constant"}, 3, ["constant.pt", "same features"]),
    ({"keep_features": "mixing"}, 3, ["mixing.pt", "[64, …]"]),
    ({"keep_features": "brightness", "keep_scale": -1}, 2, ["--keep-scale"]),
    ({"keep_features": "brightness", "keep_scale": "nan"}, 2, ["--keep-scale"]),
    ({"keep": 3, "classifier": None, "favor": None}, 2, ["--keep", "--classifier"]),
    ({"keep": 77}, 2, ["77", "0 to 9"]),
    ({"embedding_features": "brightness", "metric": "reduced"}, 2, ["--metric", "--embedding-features"]),
    ({"embedding_features": "reduced", "density_regularisation": "auto"}, 2, ["--embedding-features", "--density-regularisation"]),
])
def test_what_cannot_be_kept_is_refused(files, models, tmp_path, chosen, code, words):
    chosen = {name: files.get(value, value) if isinstance(value, str) else value for name, value in chosen.items()}
    result = lamp(files, models, tmp_path / "run", **chosen)
    assert result.code == code, result.stderr
    check_one_sentence(result, *words)
    assert not (tmp_path / "run").exists()


def test_a_scale_without_features_changes_nothing_and_says_so(files, models, tmp_path):
    result = lamp(files, models, tmp_path / "run", keep_scale=2, quiet=None).ok()
    assert "--keep-scale changes nothing here" in result.stderr


def test_a_loop_on_which_nothing_is_asked_says_that_it_stands(interpolate):
    loop = interpolate("loop", favor=None, classifier=None, to=None, loop=True, quiet=None).ok()
    assert "nothing is favoured on the loop" in loop.stderr
    assert loop.document["summary"]["verdict"]["level"] != "good"
