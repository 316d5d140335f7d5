"""Features in parts of the time ("first an eight, then a three"), and what several of them mean."""

import numpy as np
import pytest
import torch

from conftest import REPOSITORY, check_one_sentence, options, run

DIGITS = {"decoder": "mnist-vae-8", "classifier": "mnist-classifier", "segments": 32, "threads": 1, "quiet": True}


@pytest.fixture(scope="module")
def first_an_eight(tmp_path_factory):
    out = tmp_path_factory.mktemp("sections") / "run"
    return run("interpolate", *options(favor=["8@0.0-0.4", "3@0.6-1.0"], from_="seed:18", to="seed:6", out=out, **DIGITS), out=out).ok()


def probabilities(result, times):
    decoder = torch.jit.load(str(REPOSITORY / "models/mnist-vae-8.pt"))
    classifier = torch.jit.load(str(REPOSITORY / "models/mnist-classifier.pt"))
    z = np.stack([np.interp(times, result.times[0], result.path[0][:, k]) for k in range(8)], 1)
    with torch.no_grad():
        return torch.softmax(classifier(decoder(torch.tensor(z, dtype=torch.float32))), 1).numpy()


def test_each_section_has_what_it_asks_for(first_an_eight):
    sections = first_an_eight.pairs[0]["path"]["sections"]
    assert [(each["feature"], each["from"], each["to"]) for each in sections] == [("P(8)", 0, 0.4), ("P(3)", 0.6, 1)]
    for each, digit in zip(sections, (8, 3)):
        assert each["mean_class_probability"] >= 0.8
        # Said of the path as it is stored, by a classifier that we ask ourselves.
        times = np.linspace(each["from"], each["to"], 33)
        mine = probabilities(first_an_eight, times)[:, digit]
        assert np.trapz(mine, times) / (each["to"] - each["from"]) == pytest.approx(each["mean_class_probability"], abs=0.01)
        # Where the ends do not hold it back, all along.
        inner = np.linspace(0.12, 0.38, 27) if digit == 8 else np.linspace(0.62, 0.88, 27)
        assert np.mean(probabilities(first_an_eight, inner)[:, digit] >= 0.8) >= 0.9


@pytest.mark.parametrize("to", ["seed:1", "seed:2"])
def test_a_path_through_all_sections_is_found_where_one_is_easily_missed(tmp_path, to):
    # From the great circle and through good places of the whole the search keeps to one section's class.
    found = run("interpolate", *options(favor=["8@0.0-0.4", "3@0.6-1.0"], from_="seed:0", to=to, out=tmp_path / "run", **DIGITS),
                out=tmp_path / "run").ok().pairs[0]["path"]
    assert found["start"] == "sections"
    assert min(each["mean_class_probability"] for each in found["sections"]) >= 0.8


def test_what_was_asked_when_is_said_in_words(first_an_eight):
    words = "P(8 until 0.4, then 3 from 0.6)"
    assert first_an_eight.document["feature"] == words
    assert first_an_eight.document["options"]["favor"] == ["8@0.0-0.4", "3@0.6-1.0"]
    assert words in (first_an_eight.out / "report.html").read_text()
    assert "asked in sections: P(8) until 0.4: mean 0." in first_an_eight.stdout
    mean = first_an_eight.pairs[0]["path"]["mean_class_probability"]
    assert mean == pytest.approx(np.mean([each["mean_class_probability"] for each in first_an_eight.pairs[0]["path"]["sections"]]))


def test_a_section_of_all_the_time_is_no_section(interpolate):
    whole, section = interpolate("whole").ok(), interpolate("section", favor="8@0-1").ok()
    np.testing.assert_array_equal(whole.path, section.path)
    assert "sections" not in section.pairs[0]["path"]


def test_several_of_one_section_and_between_nothing(interpolate):
    result = interpolate("two", favor=["8@0.3-0.7", "4@0.3-0.7"], avoid="1@0.3-0.7").ok()
    assert result.document["feature"] == "P(8 or 4, not 1 from 0.3 to 0.7)"


def test_what_several_favoured_classes_mean(tmp_path):
    def named(name, **chosen):
        out = tmp_path / name
        return run("interpolate", *options(decoder="faces-dcgan-8", classifier="faces-attributes", favor=["glasses", "beard"],
                                           from_="seed:4", to="seed:12", segments=8, max_iterations=5, init="linear", strips=0,
                                           report_frames=2, threads=1, quiet=True, out=out, **chosen), out=out).ok()

    usual, every, some = named("auto"), named("all", combine="all"), named("any", combine="any")
    assert usual.document["feature"] == every.document["feature"] == "P(glasses and beard)"
    assert some.document["feature"] == "P(glasses or beard)"
    np.testing.assert_array_equal(usual.path, every.path)
    means = [each.pairs[0]["linear"]["mean_class_probability"] for each in (every, some)]
    assert means[1] > means[0]


@pytest.mark.parametrize("chosen, words", [
    ({"favor": ["8@0-0.5", "3@0.4-1"]}, ["overlap", "--favor"]),
    ({"favor": "8@0.5-0.5"}, ["8@0.5-0.5", "empty"]),
    ({"favor": "8@0.6-0.2"}, ["8@0.6-0.2", "ends before it begins"]),
    ({"favor": "8@0.5-1.2"}, ["8@0.5-1.2", "from 0 to 1"]),
    ({"favor": "8@-0.1-0.2"}, ["8@-0.1-0.2", "from 0 to 1"]),
    ({"favor": "8@0.4"}, ["8@0.4", "FROM-TO"]),
    ({"avoid": "3@0.4-x", "favor": None}, ["--avoid", "3@0.4-x", "FROM-TO"]),
    ({"favor": ["8@0-0.4", "3"]}, ["3@0-1"]),
    ({"favor": "8@x"}, ["8@x", "0 to 9"]),
    ({"favor": "8@nan-0.5"}, ["8@nan-0.5", "FROM-TO"]),
    ({"favor": ["8", "3"], "combine": "all"}, ["--combine", "exclude each other"]),
    ({"favor": "8@0-0.4", "through": "0,0"}, ["--favor", "--through"]),
])
def test_what_is_no_section_is_refused(interpolate, tmp_path, chosen, words):
    result = interpolate(**chosen)
    assert result.code == 2, result.stderr
    check_one_sentence(result, *words)
    assert not (tmp_path / "run").exists()
