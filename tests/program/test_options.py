"""One table says all of an option: --help, docs/program.md, run.json and refusals agree with it."""

import json
import re
import subprocess
import sys

import pytest

from conftest import END, PROGRAM, REPOSITORY, START, check_one_sentence, options, run

TABLES = json.loads(run("option-tables").ok().stdout)
JOBS = ["interpolate", "geodesic", "measures", "evaluate"]


def rows(subcommand):
    return TABLES[subcommand]["options"]


@pytest.mark.parametrize("subcommand", TABLES)
def test_help_has_every_option_with_its_default(subcommand):
    text = " ".join(run(subcommand, "--help-all").ok().stdout.split())
    for row in rows(subcommand):
        flag = row["name"] if row["positional"] else "--" + row["name"]
        assert flag in text, flag
        assert " ".join(row["help"].split()) in text, flag
        if row["default_text"] and not row["flag"]:
            assert re.search(rf"{flag} \w+={re.escape(row['default_text'])}(?= )", text), flag


def test_settings_of_stages_are_in_the_whole_help_alone():
    usual = run("interpolate", "--help").ok().stdout
    assert "--help-all" in usual
    for row in rows("interpolate"):
        flag = row["name"] if row["positional"] else "--" + row["name"]
        assert bool(re.search(rf"{flag}\b", usual)) == (row["section"] == ""), flag
    assert any(row["section"] == "prune" for row in rows("interpolate"))
    assert run("interpolate", "--help-all").ok().stdout.count("\n") > usual.count("\n") + 50


def interpolation(models, folder, *more):
    given = {"decoder": models["tanh"], "from": START, "to": END, "segments": 8, "threads": 1, "strips": 0}
    return run("interpolate", *options(**given, quiet=True, out=folder / "run"), *more, out=folder / "run")


def test_settings_of_stages_come_from_sections_of_a_settings_file(models, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("[prune]\nlate-lead = 1.5\nfirst-lead = 4\n[interpolate.verify]\nfinest = 8\n"
                        "[evaluate.rounds]\nrounds = 3\n")
    recorded = interpolation(models, tmp_path, "--config", settings, "--prune-first-lead", "5").ok().document["options"]
    assert recorded["prune-late-lead"] == 1.5
    assert recorded["prune-first-lead"] == 5  # the command line wins
    assert recorded["verify-finest"] == 8
    assert recorded["rounds-rounds"] == 16  # of another subcommand


def test_a_section_that_is_none_is_refused(models, tmp_path):
    settings = tmp_path / "settings.toml"
    for text, words in (("[pruning]\nlate-lead = 1.5\n", ("[pruning]", "line 2")),
                        ("[prune]\nlead = 1.5\n", ("prune.lead", "line 2")),
                        ("[verify]\nfinest = 7\n", ("--verify-finest", "power of 2", "7"))):
        settings.write_text(text)
        result = interpolation(models, tmp_path, "--config", settings)
        assert result.code == 2
        check_one_sentence(result, *words)


def test_documentation_agrees():
    subprocess.run([sys.executable, str(REPOSITORY / "scripts/option_tables"), "--check", str(PROGRAM)], check=True)


def recorded_defaults(subcommand):
    return {row["name"]: row["default_text"] for row in rows(subcommand) if row["recorded"]}


def as_text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(as_text(each) for each in value)
    if isinstance(value, float):
        return f"{value:.6g}" if value != int(value) else str(int(value))
    return str(value)


@pytest.fixture(scope="module")
def recorded(models, tmp_path_factory):
    """The options of a run of each job, with what it was asked for."""
    folder = tmp_path_factory.mktemp("recorded")
    asked = {
        "interpolate": {"decoder": models["tanh"], "from": START, "to": END, "segments": 8, "threads": 1, "strips": 0},
        "geodesic": {"example": 1, "threads": 1, "pictures": 0, "reference": "off"},
        "measures": {"example": 1, "points": 5, "max_iterations": 3, "steps": 3, "threads": 1},
        "evaluate": {"decoder": models["tanh"], "pairs": 2, "methods": "linear", "threads": 1},
    }
    return {name: (given, run(name, *options(**given, quiet=True, out=folder / name), out=folder / name).ok().document)
            for name, given in asked.items()}


@pytest.mark.parametrize("subcommand", JOBS)
def test_run_folder_records_every_option(subcommand, recorded):
    given, document = recorded[subcommand]
    expected = recorded_defaults(subcommand)
    assert set(document["options"]) == set(expected)
    for name, value in document["options"].items():
        asked = given.get(name.replace("-", "_"))
        assert as_text(value) == (str(asked) if asked is not None else expected[name]), name


# Values outside of the range; the refusal comes from the table, whichever option it is.
# Settings of stages have the same rows wherever they stand.
OUTSIDE = [(subcommand, row) for subcommand in JOBS + ["train"] for row in TABLES[subcommand]["options"]
           if row["least"] is not None and row["least"] >= 0 and not row["flag"]
           and (row["section"] == "" or (subcommand == "interpolate" and row["section"] in ("prune", "verify")))]


@pytest.mark.parametrize("subcommand,row", OUTSIDE, ids=[f"{s}-{r['name']}" for s, r in OUTSIDE])
def test_value_outside_the_range_is_refused(subcommand, row, tmp_path):
    name = ["mnist-vae-8"] if subcommand == "train" else []
    result = run(subcommand, *name, f"--{row['name']}=-3", "--out", tmp_path / "run")
    assert result.code == 2
    check_one_sentence(result, f"--{row['name']} must", "-3")
    assert list(tmp_path.iterdir()) == []


def test_a_flag_can_be_switched_off_in_a_settings_file(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("escape-saddles = false\nexample = 1\nthreads = 1\nreference = \"off\"\npictures = 0\n")
    result = run("geodesic", "--config", settings, "--quiet", "--out", tmp_path / "run", out=tmp_path / "run").ok()
    assert result.document["options"]["escape-saddles"] is False
