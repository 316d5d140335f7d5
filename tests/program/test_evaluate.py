"""latentpath evaluate: the table agrees with what other tools compute; an interrupted run goes on as if it had not been."""

import csv
import json
import re
import signal
import time

import numpy as np
import pytest
import torch

from conftest import check_one_sentence, check_picture_formats, options, run, start, to_unit, wait_for_end

PAIRS, FRAMES = 4, 9


def call(models, **chosen):
    settings = {"decoder": "tanh", "classifier": "unit_classifier", "favor": 8, "pairs": PAIRS, "frames": FRAMES, "batch": 2,
                "segments": 8, "max_iterations": 3, "methods": "linear,ours", "seed": 1, "threads": 1, "quiet": True, **chosen}
    for role in ("decoder", "classifier"):
        if settings[role] is not None and models[settings[role]].exists():
            settings[role] = models[settings[role]]
    return ["evaluate", *options(**settings)]


@pytest.fixture
def evaluate(models, tmp_path):
    def evaluated(name="run", **chosen):
        out = tmp_path / name
        return run(*call(models, out=out, **chosen), out=out)

    return evaluated


@pytest.fixture(scope="module")
def table_run(models, tmp_path_factory):
    """Eights favoured and avoided, done once; to be looked at, not changed."""
    out = tmp_path_factory.mktemp("evaluate") / "run"
    return run(*call(models, avoid=8, methods="linear,spherical,ours", picture_format="pdf", out=out), out=out).ok()


def lines(file):
    with open(file, encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def without_seconds(file):
    return [{name: value for name, value in line.items() if not name.startswith("seconds")} for line in lines(file)]


def test_the_printed_table_as_markdown_and_latex(table_run):
    """The same cells in all of them: words, then figures with their errors."""
    markdown = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in
                (table_run.out / "table.md").read_text().splitlines()]
    printed = [re.split(r" {2,}", line.strip()) for line in table_run.stdout.splitlines()[:len(markdown) - 1]]
    assert len(printed) == 1 + len(lines(table_run.out / "table.csv"))
    assert set("".join(markdown[1])) <= set("|-:") and [markdown[0], *markdown[2:]] == printed
    latex = (table_run.out / "table.tex").read_text()
    body = latex.split("\\toprule\n")[1].split("\\bottomrule")[0].replace("\\midrule\n", "")
    cells = [[cell.strip() for cell in line.split("&")] for line in body.replace("$\\pm$", "±").split("\\\\\n") if line.strip()]
    assert [[cell.replace("$-$", "-") for cell in line] for line in cells] == printed
    columns = latex.split("\\begin{tabular}{")[1].split("}")[0]
    assert columns == "ll" + "r" * (len(printed[0]) - 2) and latex.count("\\midrule") == 1


def test_run_folder_is_whole(table_run):
    assert {entry.name for entry in table_run.out.iterdir()} == {
        "run.json", "table.csv", "table.md", "table.tex", "paths.csv", "frames.csv", "ends.npy", "frames", "report", "report.html"}
    assert list(table_run.out.parent.iterdir()) == [table_run.out]  # nothing unfinished beside it
    ends = np.load(table_run.out / "ends.npy")
    assert ends.shape == (2, PAIRS, 2, 2) and ends.dtype == np.float32
    assert (ends[0] == ends[1]).all()  # favoured and avoided alike: ends without the class
    assert (table_run.out / "frames" / "steps.png").read_bytes().startswith(b"\x89PNG")
    check_picture_formats(table_run.out / "frames", ("pdf",))
    assert len(lines(table_run.out / "paths.csv")) == 2 * 3 * PAIRS
    assert len(lines(table_run.out / "frames.csv")) == 2 * 3 * PAIRS * FRAMES
    assert table_run.stdout.splitlines()[0].split()[:2] == ["feature", "method"]


def test_figures_of_straight_lines_are_what_torch_computes(table_run, models):
    """Class ratio, steps and smoothness by the definitions in the documentation, from the ends alone."""
    decoder, classifier = models.load("tanh"), models.load("unit_classifier")
    ends = torch.from_numpy(np.load(table_run.out / "ends.npy"))[0]
    time_ = torch.linspace(0, 1, FRAMES).view(-1, 1)
    judged = {line["pair"]: line for line in lines(table_run.out / "paths.csv")
              if line["method"] == "linear" and line["feature"] == "favor 8"}
    avoided = {line["pair"]: line for line in lines(table_run.out / "paths.csv")
               if line["method"] == "linear" and line["feature"] == "avoid 8"}
    for pair in range(PAIRS):
        images = decoder((1 - time_) * ends[pair, 0] + time_ * ends[pair, 1])
        eights = classifier(to_unit(images)).argmax(1) == 8
        assert not eights[0] and not eights[-1]  # ends having the feature are redrawn
        steps = (images[1:] - images[:-1]).flatten(1).double().norm(dim=1)
        figures = judged[str(pair)]
        assert float(figures["class_ratio"]) == pytest.approx(eights.double().mean().item(), abs=1e-12)
        assert float(avoided[str(pair)]["class_ratio"]) == pytest.approx(1 - eights.double().mean().item(), abs=1e-12)
        assert float(figures["smoothness"]) == pytest.approx((steps.max() / steps.mean()).item(), rel=1e-4)
        written = [float(line["step"]) for line in lines(table_run.out / "frames.csv")
                   if (line["feature"], line["method"], line["pair"]) == ("favor 8", "linear", str(pair)) and line["step"]]
        assert written == pytest.approx(steps.tolist(), rel=1e-4)


def test_ours_passes_through_eights(table_run):
    table = {(line["feature"], line["method"]): line for line in lines(table_run.out / "table.csv")}
    ratio = {key: float(line["class_ratio"]) for key, line in table.items()}
    assert ratio["favor 8", "ours"] > ratio["favor 8", "linear"] + 0.3
    assert ratio["avoid 8", "ours"] >= ratio["avoid 8", "linear"]
    assert all(line["failures"] == "0" for line in table.values())
    cost = {key: float(line["cost_refined"]) for key, line in table.items()}
    assert cost["favor 8", "ours"] <= cost["favor 8", "linear"]


def test_table_is_the_mean_of_the_paths(table_run):
    """Means and standard errors from paths.csv, by NumPy; and the same numbers in run.json."""
    paths, summary = lines(table_run.out / "paths.csv"), table_run.document["summary"]
    table = lines(table_run.out / "table.csv")
    assert len(table) == len(summary["rows"]) == 6
    for line, row in zip(table, summary["rows"]):
        assert (line["feature"], line["method"]) == (row["feature"], row["method"])
        for figure, statistics in row["figures"].items():
            values = np.array([float(path[figure]) for path in paths
                               if (path["feature"], path["method"]) == (row["feature"], row["method"]) and path[figure]])
            assert statistics["count"] == len(values)
            assert float(line[figure]) == statistics["mean"] == pytest.approx(values.mean(), rel=1e-12)
            assert float(line[figure + "_se"]) == statistics["standard_error"]
            assert statistics["standard_error"] == pytest.approx(values.std(ddof=1) / np.sqrt(len(values)), rel=1e-9, abs=1e-15)
            assert float(line[figure + "_median"]) == statistics["median"] == pytest.approx(np.median(values), rel=1e-12)
            assert statistics["p5"] == pytest.approx(np.quantile(values, 0.05), rel=1e-12)
    page = json.loads((table_run.out / "report" / "data.json").read_text())
    assert page["kind"] == "evaluate" and len(page["rows"]) == 6
    assert 0 < summary["share_of_prior"]["8"] < 1


def test_a_slow_method_may_have_fewer_pairs(evaluate, table_run):
    result = evaluate(methods="linear:3,ours:1").ok()
    paths = [(line["method"], line["pair"]) for line in lines(result.out / "paths.csv")]
    assert paths == [("linear", "0"), ("linear", "1"), ("linear", "2"), ("ours", "0")]
    assert [row["pairs"] for row in result.document["summary"]["rows"]] == [3, 1]
    assert [line["cost_refined"] for line in lines(result.out / "paths.csv")[:3]] == [
        line["cost_refined"] for line in lines(table_run.out / "paths.csv")[:3]]
    assert result.document["summary"]["rows"][1]["figures"]["cost_refined"]["standard_error"] is None
    assert lines(result.out / "table.csv")[1]["cost_refined_se"] == ""


def test_json_is_the_summary_and_nothing_else(evaluate):
    result = evaluate(json=True, quiet=None, methods="linear").ok()
    assert json.loads(result.stdout) == result.document["summary"]


def test_pairs_from_a_file_and_settings_from_a_file(models, tmp_path):
    pairs = np.array([[[-1.2, -0.8], [1.3, -0.6]], [[-1.0, -1.0], [1.0, -1.0]]], dtype=np.float32)
    np.save(tmp_path / "pairs.npy", pairs)
    (tmp_path / "settings.toml").write_text(f"""
decoder = "{models['tanh']}"
classifier = "{models['unit_classifier']}"
favor = [8, 0]
pairs = "{tmp_path / 'pairs.npy'}"
methods = ["linear", "spherical"]
epsilon = [0.01, 0.1]
time-weight = 1
threads = 1
""")
    out = tmp_path / "run"
    run("evaluate", "--config", tmp_path / "settings.toml", "--out", out, "--quiet", out=out).ok()
    ends = np.load(out / "ends.npy")
    assert (ends == pairs).all() and ends.shape == (2, 2, 2, 2)
    table = lines(out / "table.csv")
    assert [(line["feature"], line["epsilon"], line["method"]) for line in table] == [
        (feature, epsilon, method) for feature in ("favor 8", "favor 0") for epsilon in ("0.01", "0.1")
        for method in ("linear", "spherical")]
    costs = [float(line["cost_refined"]) for line in table]
    assert costs[0] > costs[2]  # a smaller epsilon makes a bad place dearer


def test_ends_without_what_is_asked_and_within_regions(models, evaluate):
    result = evaluate(favor=None, avoid=8, ends="opposite", methods="linear").ok()
    decoder, classifier = models.load("tanh"), models.load("unit_classifier")
    ends = torch.from_numpy(np.load(result.out / "ends.npy"))
    assert (classifier(to_unit(decoder(ends.reshape(-1, 2)))).argmax(1) == 8).all()
    regions = evaluate("regions", favor=None, classifier=None, prior="normal", methods="linear",
                       start_region="0>1,1<0", end_region="0<-1").ok()
    ends = np.load(regions.out / "ends.npy")[0]
    assert (ends[:, 0, 0] > 1).all() and (ends[:, 0, 1] < 0).all() and (ends[:, 1, 0] < -1).all()
    assert regions.document["summary"]["rows"][0]["feature"] == "prior normal"
    assert "class_ratio" not in regions.document["summary"]["rows"][0]["figures"]
    fewer = evaluate("fewer", favor=None, classifier=None, prior="normal", methods="linear", pairs=2,
                     start_region="0>1,1<0", end_region="0<-1").ok()
    assert (np.load(fewer.out / "ends.npy")[0] == ends[:2]).all()  # the first pairs are always the same


def test_same_seed_same_bytes(evaluate, table_run):
    again = evaluate("again", avoid=8, methods="linear,spherical,ours").ok()
    for name in ("table.csv", "paths.csv"):
        assert without_seconds(again.out / name) == without_seconds(table_run.out / name)
    assert (again.out / "frames.csv").read_bytes() == (table_run.out / "frames.csv").read_bytes()


# Many small batches by a decoder that takes its time, and no via points, which it would take minutes to draw.
SLOW = {"decoder": "slow", "pairs": 4, "batch": 1, "methods": "linear,straight:1", "segments": 4, "max_iterations": 1,
        "time_weight": 1}


def interrupted_run(models, out):
    """A run that is told to end as soon as some batches are finished; its unfinished folder."""
    partial = out.with_name(out.name + ".partial")
    process = start(call(models, out=out, **SLOW))
    for _ in range(600):
        if len(list(partial.glob("0-*.json"))) >= 3 or process.poll() is not None:
            break
        time.sleep(0.05)
    assert process.poll() is None, "the job that was to be interrupted had already ended"
    process.send_signal(signal.SIGINT)
    result = wait_for_end(process, 60)
    assert result.code == 130, result.stderr
    return partial, result


def test_interrupted_run_goes_on_as_if_it_had_not_been(models, tmp_path):
    whole = tmp_path / "whole"
    run(*call(models, out=whole, **SLOW)).ok()
    out = tmp_path / "run"
    partial, result = interrupted_run(models, out)
    assert not out.exists() and "--resume" in result.stderr and str(partial) in result.stderr
    finished = {file.name: file.read_bytes() for file in partial.glob("0-*.json")}
    assert 3 <= len(finished) < 5
    # A batch that was damaged on the disk is evaluated again.
    (partial / "0-0-linear-0.json").write_text("[{\"pair\": 0")

    refused = run(*call(models, out=out, **SLOW))
    assert refused.code == 2
    check_one_sentence(refused, str(partial), "--resume", "--overwrite")
    other = run(*call(models, out=out, resume=True, **{**SLOW, "seed": 2}))
    assert other.code == 2
    check_one_sentence(other, str(partial), "--seed")
    assert {file.name for file in partial.glob("0-*.json")} == set(finished)

    run(*call(models, out=out, resume=True, **SLOW)).ok()
    assert not partial.exists()
    for name in ("table.csv", "paths.csv"):
        assert without_seconds(out / name) == without_seconds(whole / name)
    assert (out / "frames.csv").read_bytes() == (whole / "frames.csv").read_bytes()
    assert (out / "ends.npy").read_bytes() == (whole / "ends.npy").read_bytes()


def test_unfinished_run_is_dropped_on_demand(models, tmp_path):
    out = tmp_path / "run"
    partial, _ = interrupted_run(models, out)
    run(*call(models, out=out, overwrite=True)).ok()
    assert out.exists() and not partial.exists()


def test_nothing_is_left_where_no_batch_was_finished(models, tmp_path):
    process = start(call(models, out=tmp_path / "run", **{**SLOW, "methods": "straight", "segments": 64}))
    for _ in range(600):
        if (tmp_path / "run.partial" / "options.json").exists() or process.poll() is not None:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    result = wait_for_end(process, 60)
    assert result.code == 130
    check_one_sentence(result, "interrupted", "nothing is saved")
    assert list(tmp_path.iterdir()) == []


def test_folder_of_someone_else_is_not_touched(models, tmp_path):
    partial = tmp_path / "run.partial"
    partial.mkdir()
    (partial / "thesis.txt").write_text("mine")
    result = run(*call(models, out=tmp_path / "run", overwrite=True))
    assert result.code == 2
    check_one_sentence(result, str(partial))
    assert (partial / "thesis.txt").read_text() == "mine"


REFUSED = {
    "no decoder": ({"decoder": None}, 2, ["--decoder"]),
    "class without classifier": ({"classifier": None}, 2, ["--classifier"]),
    "no such class": ({"favor": "banana"}, 2, ["banana"]),
    "a class twice": ({"favor": [8, 8]}, 2, ["--favor", "twice"]),
    "no such method": ({"methods": "linear,magic"}, 2, ["magic", "spherical"]),
    "a method twice": ({"methods": "linear,linear"}, 2, ["--methods", "twice"]),
    "pairs of a method": ({"methods": "linear,ours:0"}, 2, ["--methods", "ours:0"]),
    "no method": ({"methods": ""}, 2, ["method"]),
    "no pairs": ({"pairs": 0}, 2, ["--pairs", "0"]),
    "pairs a word": ({"pairs": "many"}, 2, ["--pairs", "many"]),
    "no such pairs": ({"pairs": "nowhere.npy"}, 3, ["nowhere.npy"]),
    "epsilon too large": ({"epsilon": "0.1,0.5"}, 2, ["--epsilon", "0.5"]),
    "an epsilon twice": ({"epsilon": "0.1,0.1"}, 2, ["--epsilon", "twice"]),
    "two frames": ({"frames": 2}, 2, ["--frames"]),
    "no batch": ({"batch": 0}, 2, ["--batch"]),
    "ends a word": ({"ends": "both"}, 2, ["--ends", "both"]),
    "ends without a feature": ({"favor": None, "ends": "not"}, 2, ["--ends", "--favor"]),
    "region a word": ({"start_region": "left"}, 2, ["--start-region", "left"]),
    "region half a condition": ({"end_region": "0>"}, 2, ["--end-region", "0>"]),
    "region of a missing coordinate": ({"end_region": "2>0"}, 2, ["--end-region", "coordinate 2"]),
    "region that no draw reaches": ({"start_region": "0>50"}, 4, ["favor 8", "draws of the prior"]),
    "resume of nothing": ({"out": None, "resume": True}, 2, ["--resume", "--out"]),
    "NaN images": ({"decoder": "nan"}, 4, ["nan.pt", "NaN"]),
    "unknown option": ({"banana": 1}, 2, ["banana"]),
    "option of others": ({"keep": "3"}, 2, ["evaluate", "--keep", "latentpath interpolate"]),
    "a section": ({"favor": "8@0.0-0.4"}, 2, ["--favor", "0.4", "latentpath interpolate"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, models, tmp_path):
    chosen, code, mentioned = REFUSED[case]
    result = run(*call(models, **{"out": tmp_path / "run", **chosen}))
    assert result.code == code, result.stderr
    check_one_sentence(result, *mentioned)
    assert list(tmp_path.iterdir()) == []


def test_pairs_file_of_the_wrong_shape(models, tmp_path):
    np.save(tmp_path / "pairs.npy", np.zeros((3, 2, 5), dtype=np.float32))
    result = run(*call(models, pairs=tmp_path / "pairs.npy"))
    assert result.code == 3
    check_one_sentence(result, "pairs.npy", "[pairs, 2, 2]")
    with_ends = run(*call(models, pairs=tmp_path / "pairs.npy", ends="not"))
    assert with_ends.code == 2
    check_one_sentence(with_ends, "--ends", "--pairs")


def test_help_names_every_method():
    text = run("evaluate", "--help").ok().stdout
    for name in ("linear", "spherical", "paper", "straight", "ours", "--resume", "--start-region"):
        assert name in text
