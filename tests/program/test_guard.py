"""--guard and --judge: paths stay where the prior has samples, and a second classifier is heard; the truth is computed here."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from conftest import check_one_sentence, options, run


class Scales(nn.Module):
    """Latents, halved: [n, D] to [n, D]."""

    def __init__(self, prior: str):
        super().__init__()
        if prior:
            self.prior = prior

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 0.5 * z


class Above(nn.Module):
    """One class: the second latent is above `bound`; a logit. On latents."""

    def __init__(self, bound: float):
        super().__init__()
        self.bound = bound

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 4 * (z[:, 1:2] - self.bound)


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guard")
    for prior in ("", "normal", "semicircle"):
        torch.jit.script(Scales(prior)).save(str(folder / f"{prior or 'plain'}.pt"))
    for name, bound in (("high", 4.0), ("near", 1.0), ("near-judge", 1.5), ("other", 2.5)):
        torch.jit.script(Above(bound)).save(str(folder / f"{name}.pt"))
    w = 0.3 * np.random.default_rng(1).normal(size=(1500, 512)).astype(np.float32)
    np.save(folder / "w.npy", w)
    np.save(folder / "from.npy", w[0])
    np.save(folder / "to.npy", w[1])
    return folder


@pytest.fixture
def path(files, tmp_path):
    folders = (tmp_path / f"run{count}" for count in itertools.count())

    def call(decoder="normal", classifier="near", **chosen):
        settings = {"from_": "-1.2,-0.8", "to": "1.3,-0.6", "favor": 0, "classifier_input": "latent", "segments": 32,
                    "seed": 1, "threads": 1, "out": next(folders), **chosen}
        return run("interpolate", *options(decoder=files / f"{decoder}.pt", classifier=files / f"{classifier}.pt",
                                           **settings), out=settings["out"])

    return call


def finely(nodes, steps=8):
    t = np.arange(steps)[:, None] / steps
    inside = [a + t * (b - a) for a, b in zip(nodes[:-1], nodes[1:])]
    return np.concatenate(inside + [nodes[-1:]])


def rank_of_two(z):
    """Of N(0, I) in the plane: P(‖X‖ ≥ ‖z‖)."""
    return np.exp(-(z * z).sum(-1) / 2)


def test_the_guard_keeps_a_path_in_the_data(path):
    free = path(classifier="high", guard="none").ok()
    kept = path(classifier="high").ok()
    for result in (free, kept):
        figures, nodes = result.pairs[0], result.path[0].astype(float)
        # The times of the nodes are not even, but a straight piece's strangest place is an end or its foot from 0.
        assert figures["path"]["least_guard_rank"] == pytest.approx(rank_of_two(finely(nodes)).min(), rel=0.02)
        ends = rank_of_two(nodes[[0, -1]]).min()
        assert figures["path"]["least_end_rank"] == pytest.approx(ends, rel=1e-5)
        assert figures["linear"]["least_guard_rank"] == pytest.approx(ends, rel=1e-5)
    assert free.pairs[0]["path"]["least_guard_rank"] < 1e-3  # four standard deviations out, where the class is
    assert kept.pairs[0]["path"]["least_guard_rank"] > 0.005
    assert free.document["summary"]["guard"] == "none" and kept.document["summary"]["guard"] == "on"
    assert "guard" in kept.document["quality"] and "guard" not in free.document["quality"]


def test_a_guard_that_is_not_needed_changes_little(path):
    free, kept = path(guard="none").ok().pairs[0], path().ok().pairs[0]
    assert kept["path"]["least_guard_rank"] >= 0.05
    assert kept["path"]["mean_class_probability"] == pytest.approx(free["path"]["mean_class_probability"], abs=0.03)


def test_what_is_assumed_of_the_prior_is_said(path):
    assert not [note for note in path(decoder="normal").ok().document["assumptions"] if "N(0, I)" in note]
    (note,) = [note for note in path(decoder="plain").ok().document["assumptions"] if "N(0, I)" in note]
    assert "--prior" in note and "--guard" in note
    assert not [note for note in path(decoder="plain", guard="none").ok().document["assumptions"] if "N(0, I)" in note]


def test_other_priors_have_their_own_rank(path):
    result = path(decoder="semicircle", from_="4.5,5.5", to="4.5,-5.5", classifier="near").ok()
    assert "semicircle" in result.document["quality"]
    assert result.pairs[0]["path"]["least_guard_rank"] > 0.005
    assert result.pairs[0]["linear"]["least_guard_rank"] < 1e-3  # between the arms


def test_latents_of_another_space_are_not_guarded_in_silence(path, files):
    w = {"decoder": "plain", "from_": files / "from.npy", "to": files / "to.npy", "segments": 8}
    result = path(**w).ok()
    assert result.document["summary"]["guard"] == "unfit"
    (warning,) = [each for each in result.document["warnings"] if "N(0, I)" in each]
    assert "samples:FILE" in warning and "22.6" in warning
    assert "least_guard_rank" not in result.pairs[0]["path"]
    told = path(prior=f"samples:{files / 'w.npy'}", **w).ok()
    assert told.document["summary"]["guard"] == "on"
    assert told.pairs[0]["path"]["least_guard_rank"] > 0.005


@pytest.mark.parametrize("guard", ["on", "none"])
def test_what_is_assumed_of_a_pair_does_not_depend_on_its_neighbours(guard, path, files, tmp_path):
    here = np.array([[[-1.2, -0.8], [1.3, -0.6]], [[-1.0, 0.3], [0.7, -1.1]]], np.float32)
    far = np.array([[[-6, -6], [6, -5]], [[5, 6], [6, -6]], [[7, 0], [-7, 1]]], np.float32)
    batches = {"alone": here[:1], "far alone": far[:1], "among": np.concatenate([far[:1], here[:1], far[1:], here[1:]])}
    runs = {}
    for name, pairs in batches.items():
        np.save(tmp_path / f"{name}.npy", pairs)
        runs[name] = path(decoder="plain", guard=guard, from_=None, to=None, pairs=tmp_path / f"{name}.npy").ok()
    among = runs["among"]
    for name, place in (("alone", 1), ("far alone", 0)):
        alone = runs[name]
        assert np.array_equal(alone.path[0], among.path[place])
        one, same = alone.pairs[0], among.pairs[place]
        for curve in ("path", "linear", "spherical"):
            assert {k: v for k, v in one[curve].items() if k not in ("decoder_evaluations", "seconds", "verdict_reasons")} == {
                k: v for k, v in same[curve].items() if k not in ("decoder_evaluations", "seconds", "verdict_reasons")}
        assert ("least_guard_rank" in same["path"]) == (name == "alone")
    if guard == "on":
        assert [pair["path"]["guard"] for pair in among.pairs] == ["unfit", "on", "unfit", "unfit", "on"]
        assert among.document["summary"]["guard"] == "mixed"
        about = [each for each in among.document["warnings"] if "N(0, I)" in each]
        assert [each.split(":")[0] for each in about] == ["pair 1", "pair 3", "pair 4"]
        assert among.pairs[1]["path"]["verdict"] == runs["alone"].pairs[0]["path"]["verdict"]
        counted = sum(pair["path"]["decoder_evaluations"] for pair in among.pairs)
        assert counted > sum(pair["path"]["decoder_evaluations"] for pair in runs["alone"].pairs)


def test_a_table_decides_pair_by_pair_too(files, tmp_path):
    here, far = [[-1.2, -0.8], [1.3, -0.6]], [[-6, -6], [6, -5]]
    tables = {}
    for name, pairs in (("alone", [here]), ("among", [far, here, far])):
        np.save(tmp_path / f"{name}.npy", np.array(pairs, np.float32))
        result = run("evaluate", *options(decoder=files / "plain.pt", classifier=files / "near.pt", latent_dim=2, favor=0,
                                          classifier_input="latent", pairs=tmp_path / f"{name}.npy", methods="linear,ours",
                                          segments=16, seed=1, threads=1, out=tmp_path / name), out=tmp_path / name).ok()
        lines = [line.split(",") for line in (result.out / "paths.csv").read_text().splitlines()]
        tables[name] = [dict(zip(lines[0], line)) for line in lines[1:]]
    for method in ("linear", "ours"):
        (alone,) = [row for row in tables["alone"] if row["method"] == method]
        among = [row for row in tables["among"] if row["method"] == method]
        for figure in alone:
            if figure not in ("pair", "seconds", "decoder_evaluations"):
                assert alone[figure] == among[1][figure], figure
        assert [bool(row["least_guard_rank"]) for row in among] == [False, True, False]


def test_a_density_beside_the_decoder_is_its_prior(path, files, tmp_path):
    (tmp_path / "own.pt").write_bytes((files / "normal.pt").read_bytes())
    prior = tmp_path / "own-prior.json"
    prior.write_text('{"means": [[5, 0]], "covariances": [0.01]}')
    seeds = {"from_": "seed:1", "to": "seed:2", "decoder": tmp_path / "own", "latent_dim": 2}
    fitted = path(**seeds).ok()
    assert np.abs(fitted.path[0, [0, -1]] - [5, 0]).max() < 0.6
    assert "own-prior.json" in fitted.document["prior"] and "own-prior.json" in fitted.document["quality"]
    assert [note for note in fitted.document["assumptions"] if "--fitted-prior" in note and "normal" in note]
    assert fitted.pairs[0]["path"]["least_end_rank"] > 1e-3
    without = path(**{**seeds, "decoder": "normal"}).ok()
    assert np.array_equal(path(fitted_prior="none", **seeds).ok().path, without.path)
    asked = path(prior="normal", **seeds).ok()  # which is asked for, and not what lies beside
    assert np.array_equal(asked.path[0, [0, -1]], without.path[0, [0, -1]])
    prior.write_text('{"means": [[5, 0, 0]], "covariances": [1]}')
    wrong = path(quiet=True, **seeds)
    assert wrong.code == 3
    check_one_sentence(wrong, "own-prior.json", "3", "2")


def test_strange_ends_are_named(path):
    result = path(to="4.6,0").ok()
    assert [each for each in result.document["warnings"] if "1 of 2 end points" in each]
    assert result.pairs[0]["path"]["least_end_rank"] == pytest.approx(np.exp(-4.6**2 / 2), rel=1e-4)


def test_a_judge_is_heard_and_changes_nothing(path, files):
    own, none, other = path().ok(), path(judge="none").ok(), path(judge=files / "other.pt").ok()
    for result in (none, other):
        assert np.array_equal(result.path, own.path)  # nothing optimises it
    assert "mean_judge_probability" not in none.pairs[0]["path"]
    for result, bound in ((own, 1.5), (other, 2.5)):  # near-judge.pt stands beside near.pt
        figures, nodes, times = result.pairs[0]["path"], result.path[0].astype(float), result.times[0]
        t = np.linspace(0, 1, 50)
        high = np.interp(t, times, nodes[:, 1])
        said, judged = (1 / (1 + np.exp(-4 * (high - at))) for at in (1.0, bound))
        # The decoder's latents are float32.
        assert figures["judge_probability"] == pytest.approx(judged, abs=2e-4)
        assert figures["mean_judge_probability"] == pytest.approx(judged.mean(), abs=1e-4)
        assert figures["judge_disagreement"] == pytest.approx(((said >= 0.8) & (judged < 0.5)).mean(), abs=1e-9)
        assert "judge_probability" not in result.pairs[0]["linear"]
        assert result.pairs[0]["linear"]["mean_judge_probability"] < 0.05
    assert other.pairs[0]["path"]["judge_disagreement"] > 0.2


def test_a_judge_needs_a_classifier_and_its_classes(path, files):
    alone = run("interpolate", *options(decoder=files / "normal.pt", from_="0,0", to="1,1", judge=files / "near.pt",
                                        quiet=True))
    assert alone.code == 2
    check_one_sentence(alone, "--judge", "--classifier")
    missing = path(judge="nowhere.pt", quiet=True)
    assert missing.code == 3
    check_one_sentence(missing, "nowhere.pt")


def test_a_table_has_guard_and_judge(files, tmp_path):
    def table(guard):
        return run("evaluate", *options(decoder=files / "normal.pt", classifier=files / "near.pt", latent_dim=2, favor=0,
                                        classifier_input="latent", pairs=4, methods="linear,ours", segments=16, seed=1,
                                        threads=1, guard=guard, out=tmp_path / guard), out=tmp_path / guard).ok()

    for guard in ("on", "none"):
        result = table(guard)
        rows = {row["method"]: row["figures"] for row in result.document["summary"]["rows"]}
        for figure in ("mean_judge_probability", "judge_disagreement", "least_guard_rank"):
            assert rows["ours"][figure]["count"] == 4 and rows["linear"][figure]["count"] == 4
        assert rows["ours"]["mean_judge_probability"]["mean"] > rows["linear"]["mean_judge_probability"]["mean"]
        assert "judge_disagreement" in (result.out / "table.csv").read_text().splitlines()[0]


class Codes(nn.Module):
    """What Scales gives, back to latents; what is beyond 0.8 is lost."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * torch.clamp(x, -0.8, 0.8)


def test_a_cycle_error_is_a_share_of_samples(path, files, tmp_path):
    torch.jit.script(Codes()).save(str(tmp_path / "encoder.pt"))
    near_run = path(encoder=tmp_path / "encoder.pt", cycle="none").ok()
    near, near_times, near_path = near_run.pairs[0], near_run.times[0], near_run.path[0].astype(float)
    far = path(encoder=tmp_path / "encoder.pt", classifier="high", guard="none").ok()
    t = np.linspace(0, 1, 50)
    z = np.stack([np.interp(t, far.times[0], far.path[0, :, d].astype(float)) for d in range(2)], 1)
    # Φ(z) = z/2; the encoder keeps what lies within ±1.6.
    error = np.linalg.norm(0.5 * z - np.clip(0.5 * z, -0.8, 0.8), axis=1)
    figures = far.pairs[0]["path"]
    assert figures["mean_cycle_error"] == pytest.approx(error.mean(), rel=1e-4)
    samples = 0.5 * np.random.default_rng(2).normal(size=(200000, 2))
    of_samples = np.sort(np.linalg.norm(samples - np.clip(samples, -0.8, 0.8), axis=1))
    share = 1 - np.searchsorted(of_samples, error - 1e-6) / len(of_samples)
    # The program's share is of 500 samples: four standard errors.
    assert figures["cycle_rank"] == pytest.approx(share, abs=0.09)
    assert figures["mean_cycle_rank"] == pytest.approx(np.mean(figures["cycle_rank"]), abs=1e-4)
    assert figures["least_cycle_rank"] < 0.02
    # The strangest of latent, image and cycle counts: a path four deviations out is among the last of the samples.
    assert figures["stranger_than"] > 80
    assert near["path"]["stranger_than"] < figures["stranger_than"] - 10
    assert near["path"]["mean_cycle_rank"] > figures["mean_cycle_rank"]
    (line,) = [each["text"] for each in figures["verdict_reasons"] if each["topic"] == "images"]
    assert "of 100 samples" in line and "encoder" in line
    without = path(encoder=None).ok().pairs[0]["path"]
    assert "mean_cycle_rank" not in without
    # Nothing looks at images here: the latent's rank alone, exp(−‖z‖²/2).
    rank = np.exp(-(np.stack([np.interp(t, near_times, near_path[:, d]) for d in range(2)], 1) ** 2).sum(1) / 2)
    assert without["stranger_than"] == pytest.approx(100 * (1 - rank).mean(), abs=9)


def test_an_encoder_that_does_not_fit_is_said(path, files, tmp_path):
    torch.jit.script(Above(0.0)).save(str(tmp_path / "encoder.pt"))  # one number
    result = path(encoder=tmp_path / "encoder.pt").ok()
    assert "mean_cycle_rank" not in result.pairs[0]["path"]
    (note,) = [each for each in result.document["assumptions"] if "cycle error" in each]
    assert "[2, 1]" in note


class Sure(nn.Module):
    """Three classes of a point in the plane, each by an angle; probabilities that float32 has as 0 and 1, or their logarithms."""

    def __init__(self, logarithms: bool):
        super().__init__()
        self.logarithms = logarithms

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = 30 * torch.stack([x[:, 0], -0.5 * x[:, 0] + 0.9 * x[:, 1], -0.5 * x[:, 0] - 0.9 * x[:, 1]], 1)
        return torch.log_softmax(logits, 1) if self.logarithms else torch.softmax(logits, 1)


def test_how_real_images_look_is_told_by_a_sure_classifier_too(path, tmp_path):
    """Its probabilities are the same for all images of a class: what tells them apart is before the softmax."""
    told = []
    for logarithms in (False, True):
        torch.jit.script(Sure(logarithms)).save(str(tmp_path / f"sure-{logarithms}.pt"))
        figures = path(classifier=tmp_path / f"sure-{logarithms}", classifier_input=None, input_range="0,1").ok().pairs[0]["path"]
        told.append(figures)
    # The searches differ by rounding; a share of 500 samples is told to 0.002.
    assert told[0]["mean_image_rank"] == pytest.approx(told[1]["mean_image_rank"], abs=0.05)
    assert told[0]["mean_image_rank"] > 0.2


# How a classifier's output is read. Two attributes of a latent: is the first number high, is the second.
class Attributes(nn.Module):
    def __init__(self, ending: str):
        super().__init__()
        self.ending = ending

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        logits = 3 * z[:, :2]
        if self.ending == "sigmoid":
            return torch.sigmoid(logits)
        if self.ending == "hard":
            return torch.clamp(0.5 + 0.2 * logits, 0.0, 1.0)
        if self.ending == "one":
            return torch.sigmoid(logits[:, :1])
        if self.ending == "small":  # logits between 0.4 and 0.6 on all that a decoder gives, and not elsewhere
            return 0.5 + 0.02 * logits
        return logits


def truth(ending, z):
    logits = 3 * z[:, :2]
    if ending in ("sigmoid", "one"):
        return 1 / (1 + np.exp(-logits[:, 0]))
    if ending == "hard":
        return np.clip(0.5 + 0.2 * logits[:, 0], 0, 1)
    if ending == "small":
        logits = 0.5 + 0.02 * logits
    return np.exp(logits[:, 0]) / np.exp(logits).sum(1)


@pytest.mark.parametrize("ending", ["sigmoid", "hard", "one", "small", "logits"])
def test_how_a_classifiers_output_is_read(ending, files, tmp_path):
    file = tmp_path / "attributes.pt"
    torch.jit.script(Attributes(ending)).save(str(file))
    result = run("interpolate", *options(decoder=files / "normal.pt", classifier=file, favor=0, from_="-1,-0.5", to="1,1",
                                         guard="none", segments=16, threads=1, out=tmp_path / "run"),
                 out=tmp_path / "run").ok()
    t = np.linspace(0, 1, 2001)[:, None]
    line = (1 - t) * np.array([[-1, -0.5]]) + t * np.array([[1, 1]])
    # The classifier sees what the decoder gives: half of the latent.
    assert result.pairs[0]["linear"]["mean_class_probability"] == pytest.approx(truth(ending, 0.5 * line).mean(), abs=0.01)
    notes = " ".join(result.document["assumptions"])
    assert ("independent attributes" in notes) == (ending in ("sigmoid", "hard"))
    assert bool([each for each in result.document["warnings"] if "outputs lie in [0, 1]" in each]) == (ending == "small")


def test_what_the_output_is_can_be_said(files, tmp_path):
    file = tmp_path / "attributes.pt"
    torch.jit.script(Attributes("sigmoid")).save(str(file))
    result = run("interpolate", *options(decoder=files / "normal.pt", classifier=file, favor=0, from_="-1,-0.5", to="1,1",
                                         guard="none", classifier_output="softmax", segments=16, threads=1,
                                         out=tmp_path / "run"), out=tmp_path / "run").ok()
    assert not [note for note in result.document["assumptions"] if "attributes" in note]
