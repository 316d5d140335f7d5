"""evaluate(): the program's table, from modules, functions and files."""

import json
import math
import signal

import numpy
import pytest
import torch

import latentpath as lp
from latentpath._evaluate import Table

# Searches that are over soon.
QUICK = {"segments": 8, "max_iterations": 5, "guard": "none", "latent_dim": 2, "frames": 9}


@pytest.fixture
def files(models, tmp_path):
    decoder, classifier = models
    torch.jit.trace(decoder, torch.zeros(2, 2)).save(tmp_path / "decoder.pt")
    torch.jit.trace(classifier, decoder(torch.zeros(2, 2))).save(tmp_path / "classifier.pt")
    return tmp_path / "decoder.pt", tmp_path / "classifier.pt"


def same_tables(mine, theirs, but=("seconds", "seconds_se", "seconds_median"), rel=2e-3):
    """The solver's own tolerance is 1e-3 on the cost; models are computed alike, or nearly where program and package have
    different LibTorches."""
    assert mine.names == theirs.names and len(mine) == len(theirs)
    for a, b in zip(mine, theirs):
        for name in mine.names:
            if name not in but:
                assert a[name] == b[name] or a[name] == pytest.approx(b[name], rel=rel, abs=1e-5, nan_ok=True), name


def test_gives_what_the_program_gives_on_the_traced_files(models, files, program, tmp_path):
    decoder, classifier = models
    out = tmp_path / "theirs"
    program("evaluate", "--decoder", files[0], "--classifier", files[1], "--latent-dim", 2, "--output-range=-1,1",
            "--input-range=-1,1", "--favor", 1, "--avoid", 0, "--pairs", 6, "--methods", "linear,spherical,straight:4",
            "--segments", 16, "--prior", "normal", "--seed", 3, "--threads", 1, "--out", out)
    asked = {"pairs": 6, "methods": "linear,spherical,straight:4", "segments": 16, "prior": "normal", "seed": 3, "threads": 1,
             "latent_dim": 2}
    theirs = {name: Table((out / f"{name}.csv").read_text()) for name in ("table", "paths", "frames")}
    by_modules = lp.evaluate(decoder, [lp.favor(classifier, 1), lp.avoid(classifier, 0)], **asked)
    by_files = lp.evaluate(files[0], [lp.favor(files[1], 1), lp.avoid(str(files[1]), 0)], output_range=(-1, 1),
                           input_range=(-1, 1), **asked)
    for mine in (by_modules, by_files):
        assert [(row["feature"], row["method"], row["pairs"]) for row in mine.table] == [
            (feature, method, pairs) for feature in ("favor 1", "avoid 0")
            for method, pairs in (("linear", 6), ("spherical", 6), ("straight", 4))]
        assert numpy.array_equal(mine.ends.numpy(), numpy.load(out / "ends.npy"))
        same_tables(mine.table, theirs["table"])
        same_tables(mine.paths, theirs["paths"], but=("seconds", "decoder_evaluations"))
        same_tables(mine.frames, theirs["frames"], but=(), rel=1e-2)
    record = json.loads((out / "run.json").read_text())
    assert by_files.summary["share_of_prior"] == record["summary"]["share_of_prior"]
    assert by_files.verdict == record["summary"]["verdict"]["level"]


def test_a_run_folder_as_the_program_writes_it(models, files, program, tmp_path):
    decoder, classifier = models
    program("evaluate", "--decoder", files[0], "--classifier", files[1], "--latent-dim", 2, "--output-range=-1,1",
            "--input-range=-1,1", "--favor", 1, "--pairs", 3, "--methods", "linear", "--threads", 1, "--out",
            tmp_path / "theirs")
    table = lp.evaluate(decoder, lp.favor(classifier, 1), pairs=3, methods="linear", latent_dim=2)
    table.save(tmp_path / "mine")

    def content(folder):
        return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}

    # The pictures are the program's alone: the package has nothing to draw them with.
    assert content(tmp_path / "theirs") - content(tmp_path / "mine") == {"frames/steps.png"}
    assert content(tmp_path / "mine") <= content(tmp_path / "theirs")
    mine, theirs = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("mine", "theirs"))
    assert set(theirs) - set(mine) == {"command"} and set(mine) <= set(theirs) and set(mine["summary"]) == set(theirs["summary"])
    pages = [json.loads((tmp_path / name / "report" / "data.json").read_text()) for name in ("mine", "theirs")]
    assert set(pages[1]) - set(pages[0]) == {"command"} and set(pages[0]) <= set(pages[1]) and len(pages[0]["rows"]) == 1
    page = (tmp_path / "mine" / "report.html").read_text()
    assert "favor 1" in page and str(tmp_path) not in page
    with pytest.raises(lp.ArgumentError, match="`folder`"):
        table.save(tmp_path / "mine")
    table.save(tmp_path / "mine", overwrite=True)


def test_rows_columns_and_figures(models):
    decoder, classifier = models
    table = lp.evaluate(decoder, [lp.favor(classifier, 1)], pairs=4, methods=["linear", "straight"], epsilon=0.2, **QUICK)
    assert isinstance(table.table, list) and table.table[0]["method"] == "linear" and table.table[0]["epsilon"] == 0.2
    columns = table.table.columns
    assert list(columns) == table.table.names and columns["class_ratio"].dtype == numpy.float64
    assert columns["pairs"].tolist() == [4, 4] and columns["method"].tolist() == ["linear", "straight"]
    assert table.figure("class_ratio")["favor 1", "straight"] == columns["class_ratio"][1]
    assert table.figure("cost_refined", "se").keys() == {("favor 1", "linear"), ("favor 1", "straight")}
    # A row is the mean of its paths.
    of_linear = [path for path in table.paths if path["method"] == "linear"]
    assert [path["pair"] for path in of_linear] == [0, 1, 2, 3]
    assert numpy.mean([path["length"] for path in of_linear]) == pytest.approx(table.table[0]["length"])
    assert len(table.frames) == 2 * 4 * 9 and math.isnan(table.frames[8]["step"])
    with pytest.raises(KeyError, match="there is no column 'lenght'"):
        table.figure("lenght")
    page = table._repr_html_()
    assert page.count("<tr>") == 3 and "class_ratio" in page and table.verdict in page and " ± " in page
    assert "favor 1" in repr(table) and len(table) == 2


def test_own_qualities_are_rows(models):
    decoder, classifier = models

    def near_zero(z):
        return torch.exp(-0.5 * z.square().sum(1))

    table = lp.evaluate(decoder, [near_zero, lp.favor(classifier, 0, 2), lp.favor(classifier, 1) * near_zero,
                                  lambda z: 0.5 * near_zero(z), lambda z: near_zero(z) ** 2, lp.avoid(classifier, 2)],
                        pairs=3, methods="linear", **QUICK)
    features = [row["feature"] for row in table.table]
    assert features[0] == "avoid 2"  # one class of a classifier comes first
    assert features[1] == "near_zero" and features[4:] == ["function", "function (2)"] and len(set(features)) == 6
    by_feature = dict(zip(features, table.table))
    assert math.isnan(by_feature["near_zero"]["class_ratio"]) and 0 <= by_feature["avoid 2"]["class_ratio"] <= 1
    # A square is below what it is the square of.
    assert by_feature["function (2)"]["mean_class_probability"] < by_feature["near_zero"]["mean_class_probability"]
    shortest = lp.evaluate(decoder, pairs=2, methods="linear", **QUICK)
    assert [row["feature"] for row in shortest.table] == ["geodesic"]


def test_pairs_are_given_or_drawn(models, tmp_path):
    decoder, classifier = models
    pairs = torch.tensor([[[-1.2, 0.4], [1.1, 0.9]], [[0.3, -1.0], [-0.8, 1.3]]], dtype=torch.float64)
    numpy.save(tmp_path / "pairs.npy", pairs.float().numpy())
    quick = {name: value for name, value in QUICK.items() if name != "latent_dim"}
    by = [lp.evaluate(decoder, lp.favor(classifier, 1), pairs=given, methods="linear", **quick)
          for given in (pairs, pairs.numpy(), pairs.tolist(), tmp_path / "pairs.npy")]
    for table in by:
        assert torch.equal(table.ends, pairs.float()[None])
        same_tables(table.paths, by[0].paths)
    for wrong in (pairs[:, :1], pairs[0], torch.zeros(0, 2, 2)):
        with pytest.raises(ValueError, match=r"`pairs` must have the shape \[pairs, 2, D\]"):
            lp.evaluate(decoder, pairs=wrong)
    with pytest.raises(lp.ArgumentError, match="`ends`"):
        lp.evaluate(decoder, lp.favor(classifier, 1), pairs=pairs, ends="not")
    with pytest.raises(lp.ArgumentError, match="`latent_dim`"):
        lp.evaluate(decoder, pairs=2)
    with pytest.raises(lp.ArgumentError, match="`pairs`"):
        lp.evaluate(decoder, pairs=0, latent_dim=2)
    structured = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.Tanh())
    table = lp.evaluate(structured, pairs=2, methods="linear", **{**QUICK, "latent_dim": (2, 2, 2)})
    assert table.ends.shape == (1, 2, 2, 2, 2, 2)
    again = lp.evaluate(structured, pairs=table.ends[0], methods="linear", **quick)
    same_tables(again.paths, table.paths)


def test_more_pairs_are_drawn_than_a_search_for_rare_ends_may_draw(models):
    """Of 262 144 draws, which were the most, each can be an end here."""
    table = lp.evaluate(models[0], pairs=262_145, methods="linear:2", **QUICK)
    assert table.ends.shape == (1, 262_145, 2, 2) and len(table.paths) == 2


def test_a_judge_priors_and_the_guard(models, files):
    decoder, classifier = models
    asked = {"pairs": 2, "methods": "linear", "segments": 8, "latent_dim": 2}
    judged = lp.evaluate(decoder, lp.favor(classifier, 1), judge=classifier, **asked)
    assert "least_guard_rank" in judged.table.names
    by_file = lp.evaluate(decoder, lp.favor(classifier, 1), judge=files[1], input_range=(-1, 1), **asked)
    for row in (judged.table[0], by_file.table[0]):  # the judge is the classifier itself
        assert row["mean_judge_probability"] == pytest.approx(row["mean_class_probability"], rel=1e-3)
    with pytest.raises(lp.ArgumentError, match="`judge`"):
        lp.evaluate(decoder, judge=classifier, **asked)
    factor = lp.evaluate(decoder, lp.favor(classifier, 1) * lp.normal_prior(), **asked)
    argument = lp.evaluate(decoder, lp.favor(classifier, 1), prior="normal", **asked)
    same_tables(factor.paths, argument.paths, but=("seconds",))
    torch.manual_seed(0)
    fitted = lp.evaluate(decoder, lp.favor(classifier, 1), prior=torch.randn(300, 2), **asked)
    assert not any("/tmp" in text for text in (*fitted.assumptions, *fitted.warnings))
    with pytest.raises(ValueError, match="one prior"):
        lp.evaluate(decoder, [lp.favor(classifier, 1) * lp.normal_prior(), lp.favor(classifier, 0)], **asked)


def test_ctrl_c_gives_the_finished_batches(models):
    decoder, classifier = models
    heard = []

    def interrupting(stage, done, total, value):
        heard.append((stage, done, total))
        if done == 2:
            signal.raise_signal(signal.SIGINT)

    table = lp.evaluate(decoder, [lp.favor(classifier, 1)], pairs=6, batch=2, methods="linear,straight", progress=interrupting,
                        **QUICK)
    assert table.interrupted and [(row["method"], row["pairs"]) for row in table.table] == [("linear", 4)]
    assert len(table.paths) == 4 and heard[0][2] == 6 and "favor 1, linear" in heard[0][0]

    def interrupted(z):
        signal.raise_signal(signal.SIGINT)
        return decoder(z)

    with pytest.raises(KeyboardInterrupt):
        lp.evaluate(interrupted, [lp.favor(classifier, 1)], pairs=2, methods="straight", **QUICK)


def test_errors_name_the_argument(models):
    decoder, classifier = models
    for options, words in (({"methods": "linnear"}, "linnear"), ({"epsilon": 2}, "`epsilon`"), ({"frames": 1}, "`frames`"),
                           ({"methods": ["linear", "linear"]}, "`methods`"), ({"start_region": "7>1"}, "`start_region`")):
        with pytest.raises(lp.ArgumentError, match=words):
            lp.evaluate(decoder, lp.favor(classifier, 1), **{**QUICK, **options})
    with pytest.raises(TypeError, match="did you mean 'methods'"):
        lp.evaluate(decoder, method="ours")
    with pytest.raises(lp.ArgumentError, match="has no class '7'"):
        lp.evaluate(decoder, lp.favor(classifier, 7), **QUICK)
    with pytest.raises(lp.ArgumentError, match="twice"):
        lp.evaluate(decoder, [lp.favor(classifier, 1), lp.favor(classifier, 1)], **QUICK)
    with pytest.raises(TypeError, match="favor"):
        lp.evaluate(decoder, classifier)
    with pytest.raises(ValueError, match="one is needed for all"):
        lp.evaluate(decoder, lp.favor(classifier, [1, 2]), **QUICK)

    def broken(z):
        raise RuntimeError("no weights")

    with pytest.raises(RuntimeError, match="no weights"):
        lp.evaluate(broken, **QUICK)


def test_options_are_those_of_the_table():
    import inspect

    signature = inspect.signature(lp.evaluate)
    assert signature.parameters["epsilon"].default == [0.1] and signature.parameters["frames"].default == 50
    assert "resume" not in signature.parameters and "Pairs that are sought together" in lp.evaluate.__doc__


def test_files_are_models_of_find_path_too(models, files, ends):
    decoder, classifier = models
    asked = {"segments": 16, "output_range": (-1, 1), "input_range": (-1, 1)}
    by_file = lp.find_path(files[0], *ends, quality=lp.favor(files[1], 1), **asked)
    by_module = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), **asked)
    assert by_file.figures.column("cost_refined") == pytest.approx(by_module.figures.column("cost_refined"), rel=2e-3)
    assert by_file.strip(frames=5).pixels.shape == (16, 40, 3)
    mixed = lp.find_path(str(files[0]), *ends, quality=lp.favor(files[1], 1) * (lambda z: torch.exp(-z.square().sum(1))), **asked)
    assert mixed.figures.column("cost_refined")[0] > 0
    judged = lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), judge=files[1], **asked)
    figures = judged.figures[0]["path"]
    assert figures["mean_judge_probability"] == pytest.approx(figures["mean_class_probability"], rel=0.05)
    with pytest.raises(lp.LatentPathError, match="missing.pt"):
        lp.find_path("missing.pt", *ends)
