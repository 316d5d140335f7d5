"""report.html: written by every run, rebuilt from the folder alone, opened on demand. What the page does in a browser is
tested in tests/viewer."""

import json
import os
import re
import shutil
import time

import numpy as np
import pytest

from conftest import check_one_sentence, run


def page_of(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_ends_in_a_report_that_tells_its_figures(sound_run):
    assert page_of(sound_run.out).startswith("<!doctype html>")
    data = json.loads((sound_run.out / "report" / "data.json").read_text())
    assert data["kind"] == "interpolate" and data["feature"] == "P(8)"
    figures = sound_run.pairs[0]
    assert data["summary"]["pairs"][0] == figures
    assert f"{figures['path']['mean_class_probability']:.2f}" in data["verdict"]["headline"]
    # Every curve is sampled at the same times, from end to end, and its frames are among them.
    times = data["times"]
    assert times[0] == 0 and times[-1] == 1 and times == sorted(times)
    for curve in ("linear", "spherical", "path"):
        sampled = data["pairs"][0][curve]
        assert len(sampled["quality"]) == len(sampled["feature"]) == len(times) == len(sampled["speed"]) + 1
        assert sampled["frames"][0] == 0 and sampled["frames"][-1] == len(times) - 1
        length = sum(s * (b - a) for s, a, b in zip(sampled["speed"], times, times[1:]))
        # The chords of these samples are as long as the refined grid finds the curve, but for corners cut.
        assert length == pytest.approx(figures[curve]["embedding_length"], rel=0.05)


def test_the_verdict_is_the_same_on_the_terminal_in_run_json_and_on_the_page(sound_run):
    verdict, path = sound_run.document["summary"]["verdict"], sound_run.pairs[0]["path"]
    assert path["verdict"] == verdict["level"] in ("good", "fair", "bad")
    assert path["verdict_reasons"] == verdict["points"] and {"topic", "level", "text"} == set(verdict["points"][0])
    page = json.loads((sound_run.out / "report" / "data.json").read_text())
    assert page["verdict"] == verdict
    assert page["summary"]["pairs"][0]["path"]["verdict_reasons"] == verdict["points"]
    for text in [verdict["headline"], *(point["text"] for point in verdict["points"])]:
        assert text in sound_run.stdout
    assert not re.search(r"e\+\d", sound_run.stdout), "1e+02 is no number for people"


def test_the_median_of_an_even_number_is_the_mean_of_the_two_in_the_middle(interpolate, tmp_path):
    ends = np.random.default_rng(3).normal(size=(4, 2, 2)).astype(np.float32)
    np.save(tmp_path / "ends.npy", ends)
    result = interpolate(from_=None, to=None, pairs=tmp_path / "ends.npy").ok()
    costs = [pair["path"]["cost_refined"] for pair in result.pairs]
    probabilities = [pair["path"]["mean_class_probability"] for pair in result.pairs]
    told = float(re.search(r"median cost \(refined grid\): ([\d.]+)", result.stdout)[1])
    assert told == pytest.approx(np.median(costs), rel=5e-3)  # three digits
    verdict = result.document["summary"]["verdict"]
    assert f"median of mean P(8) is {np.median(probabilities):.2f}" in verdict["headline"]
    assert f"The median cost is {told:g} " in verdict["points"][0]["text"]


def test_the_cost_falls_from_iteration_to_iteration(sound_run):
    record = json.loads((sound_run.out / "report" / "data.json").read_text())["convergence"]
    entries = len(record["cost"])
    assert entries > 5 and len(record["stage"]) == len(record["evaluations"]) == len(record["iteration"]) == entries
    assert record["evaluations"] == sorted(record["evaluations"])
    assert record["evaluations"][-1] <= sound_run.pairs[0]["path"]["decoder_evaluations"]
    last = [cost for cost, stage in zip(record["cost"], record["stage"]) if stage == record["stage"][-1]]
    assert last[-1] <= last[0]


def test_the_folder_alone_rebuilds_the_page(sound_run, tmp_path):
    moved = shutil.copytree(sound_run.out, tmp_path / "moved")
    before = page_of(moved)
    (moved / "report.html").unlink()
    rebuilt = run("report", moved)
    assert rebuilt.code == 0, rebuilt.stderr
    assert "written to" in rebuilt.stdout
    assert page_of(moved) == before


def test_the_plain_page_has_pictures_and_tables_and_no_scripts(sound_run, tmp_path):
    moved = shutil.copytree(sound_run.out, tmp_path / "moved")
    assert run("report", "--plain", moved).code == 0
    page = page_of(moved)
    assert "<script" not in page and "data:image/png;base64," in page
    assert page.count("<table>") >= 3 and "straight line" in page


def test_no_path_of_the_machine_is_in_the_folder_of_the_report(interpolate, tmp_path):
    hidden = tmp_path / "my secret folder"
    result = interpolate(out=hidden / "run").ok()
    for file in ("report/data.json", "report.html"):
        assert "secret" not in (result.out / file).read_text(encoding="utf-8")
        assert str(tmp_path) not in (result.out / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("subcommand", ["interpolate", "report"])
def test_open_shows_the_page_and_keeps_stdout_clean(interpolate, tmp_path, monkeypatch, subcommand):
    told = tmp_path / "told"
    viewer = tmp_path / "bin" / "xdg-open"
    viewer.parent.mkdir()
    viewer.write_text(f'#!/bin/sh\necho noise\nprintf %s "$1" > "{told}.part"\nmv "{told}.part" "{told}"\n')
    viewer.chmod(0o755)
    monkeypatch.setenv("PATH", f"{viewer.parent}:{os.environ['PATH']}")
    if subcommand == "interpolate":
        result = interpolate(open=True, json=True).ok()
        json.loads(result.stdout)
        out = result.out
    else:
        out = interpolate().ok().out
        result = run("report", out, "--open")
        assert result.code == 0
    for _ in range(100):
        if told.exists():
            break
        time.sleep(0.05)
    assert told.read_text() == str(out / "report.html")
    assert "noise" not in result.stdout + result.stderr


def test_where_nothing_opens_pages_a_note_says_where_it_is(sound_run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("report", shutil.copytree(sound_run.out, tmp_path / "moved"), "--open")
    assert result.code == 0
    assert "note: no program was found" in result.stderr and "moved/report.html" in result.stderr


@pytest.mark.parametrize("arguments, code, mentioned", [
    (["report", "absent"], 3, "absent"),
    (["report"], 2, "RUN"),
    (["interpolate", "--decoder=x.pt", "--open"], 2, "--open"),
    (["interpolate", "--decoder=x.pt", "--report-frames=1000"], 2, "--report-frames"),
])
def test_refusals(arguments, code, mentioned):
    result = run(*arguments)
    assert result.code == code
    check_one_sentence(result, mentioned)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    result = run("report", tmp_path)
    assert result.code == 3
    check_one_sentence(result, "report/data.json")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "data.json").write_text('{"kind": ')
    result = run("report", tmp_path)
    assert result.code == 3
    check_one_sentence(result, "data.json")
