"""What `latentpath interpolate` finds with models of other people, against the truth computed here."""

import json
import re
import struct

import numpy as np
import pytest
import torch

from conftest import (END, START, check_picture_formats, check_run_folder, enlarge, mean_over_time, numbers, options, run,
                      straight_nodes, to_unit)
from foreign_models import DEVIATION, FAVOURED, MEAN


def softmax_of_favoured(scores):
    return torch.softmax(scores, 1)[:, FAVOURED]


def unchanged(value):
    return value


def normalise(images):
    return (to_unit(images) - MEAN) / DEVIATION


def three_channels(images):
    return to_unit(images).repeat(1, 3, 1, 1)


# decoder, classifier, further options, what the documentation says happens between the two
CONVERSIONS = {
    "tanh decoder, classifier of [0, 1]": ("tanh", "unit_classifier", {}, to_unit),
    "sigmoid decoder, classifier of [0, 1]": ("sigmoid", "unit_classifier", {}, unchanged),
    "sigmoid decoder, classifier of [-1, 1]": ("sigmoid", "signed_classifier", {}, lambda x: 2 * x - 1),
    "tanh decoder, classifier of [-1, 1]": ("tanh", "signed_classifier", {}, unchanged),
    "mean and std from the file": ("tanh", "normalised_classifier", {}, normalise),
    "mean and std from options": ("tanh", "normalised_silent_classifier",
                                  {"input_mean": MEAN, "input_std": DEVIATION}, normalise),
    "ranges from options": ("silent", "silent_classifier", {"output_range": "-1,1", "input_range": "0,1"}, to_unit),
    "traced models": ("tanh_traced", "traced_classifier", {"output_range": "-1,1", "input_range": "0,1"}, to_unit),
    "28x28 to 32x32": ("tanh", "large_classifier", {}, lambda x: enlarge(to_unit(x))),
    "28x28 to 32x32 by option": ("tanh", "large_silent_classifier", {"input_shape": "1x32x32"},
                                 lambda x: enlarge(to_unit(x))),
    "grey to RGB": ("tanh", "colour_classifier", {}, three_channels),
    "float64 decoder": ("double", "unit_classifier", {}, to_unit),
    "saved in training mode": ("training_mode", "unit_classifier", {}, to_unit),
    "plain vectors": ("vector", "vector_classifier", {}, unchanged),
}


@pytest.mark.parametrize("case", CONVERSIONS)
def test_class_probability_is_the_one_python_computes(case, interpolate, models):
    decoder, classifier, more, convert = CONVERSIONS[case]
    result = interpolate(decoder=decoder, classifier=classifier, **more).ok()
    document = check_run_folder(result.out, images=decoder != "vector")
    pair = document["summary"]["pairs"][0]
    decode, classify = models.load(decoder), models.load(classifier)
    dtype = torch.float64 if decoder == "double" else torch.float32

    def probability(z):
        return softmax_of_favoured(classify(convert(decode(z.to(dtype))).float()))

    # 1e-3: the program and this test take the mean over different sets of uniform times.
    truth = mean_over_time(probability, result.path[0], result.times[0])
    assert pair["path"]["mean_class_probability"] == pytest.approx(truth, abs=1e-3)
    straight = mean_over_time(probability, *straight_nodes(numbers(START), numbers(END)))
    assert pair["linear"]["mean_class_probability"] == pytest.approx(straight, abs=1e-3)

    # The straight line sees no eight at all; a path that bends does.
    assert straight < 0.01
    assert pair["path"]["mean_class_probability"] > 0.4


def test_lengths_are_weighted_only_where_a_quality_was_asked_for(interpolate, sound_run):
    """Where nothing is asked, a constant weight of log 2 stands in the cost, and people and run.json are told distances."""
    plain = interpolate("plain", classifier=None, favor=None, quiet=None).ok()
    figures = plain.pairs[0]
    assert figures["path"]["weighted"] is False and sound_run.pairs[0]["path"]["weighted"] is True
    apart = figures["path"]["ends_output_distance"]
    assert figures["path"]["lower_bound"] == apart <= figures["path"]["length"] * (1 + 1e-6)
    for curve in figures.values():
        assert curve["length"] == curve["embedding_length"]
        assert not {"quality_of_curve", "mean_quality", "min_quality"} & set(curve)
    line = next(each for each in plain.stdout.splitlines() if "length: " in each)
    told = [float(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?", line)]
    wanted = [figures[curve]["embedding_length"] for curve in ("path", "linear", "spherical")] + [apart]
    assert line.startswith("length: ") and told == pytest.approx(wanted, rel=1e-2)
    assert any(each.startswith("weighted length: ") for each in sound_run.stdout.splitlines())
    for result, label in ((plain, "length"), (sound_run, "weighted length")):
        data = json.loads((result.out / "report" / "data.json").read_text())
        assert [tile["label"] for tile in data["verdict"]["tiles"] if "length" in tile["label"]] == [label]


def test_probabilities_are_taken_as_they_are(interpolate, sound_run):
    logits = sound_run
    probabilities = interpolate("probabilities", classifier="probability_classifier").ok()
    # The same function of z up to rounding, hence the same path up to what rounding does to 100 iterations.
    for figure in ("mean_class_probability", "cost_refined"):
        assert probabilities.pairs[0]["path"][figure] == pytest.approx(logits.pairs[0]["path"][figure], rel=0.02)
        assert probabilities.pairs[0]["linear"][figure] == pytest.approx(logits.pairs[0]["linear"][figure], rel=1e-3)


def test_one_output_is_read_as_a_logit(interpolate, models):
    result = interpolate(classifier="binary_classifier", favor=0).ok()
    decode, classify = models.load("tanh"), models.load("binary_classifier")
    truth = mean_over_time(lambda z: torch.sigmoid(classify(to_unit(decode(z)))[:, 0]), result.path[0], result.times[0])
    assert result.pairs[0]["path"]["mean_class_probability"] == pytest.approx(truth, abs=1e-3)
    assert truth > 0.4


def test_classifier_of_latents(interpolate, models):
    result = interpolate(classifier="latent_classifier", classifier_input="latent").ok()
    classify = models.load("latent_classifier")
    truth = mean_over_time(lambda z: softmax_of_favoured(classify(z)), result.path[0], result.times[0])
    assert result.pairs[0]["path"]["mean_class_probability"] == pytest.approx(truth, abs=1e-3)
    assert truth > 0.4


@pytest.mark.parametrize("decoder, shapes", [("list", None), ("list_silent", "2x3,4")])
def test_list_of_tensors(decoder, shapes, interpolate, models):
    start, end = np.zeros(10, np.float32), np.zeros(10, np.float32)
    start[[0, 6]], end[[0, 6]] = [-1.4, -1.0], [1.4, -0.9]
    result = interpolate(decoder=decoder, latent_shapes=shapes, from_=",".join(map(str, start)),
                         to=",".join(map(str, end))).ok()
    assert result.path.shape[2] == 10
    decode, classify = models.load(decoder), models.load("unit_classifier")

    def probability(z):  # the layout: the first six numbers are the [2, 3] part, row by row
        return softmax_of_favoured(classify(to_unit(decode([z[:, :6].reshape(-1, 2, 3), z[:, 6:]]))))

    truth = mean_over_time(probability, result.path[0], result.times[0])
    assert result.pairs[0]["path"]["mean_class_probability"] == pytest.approx(truth, abs=1e-3)
    assert truth > 0.3
    assert not (result.out / "frames" / "latent.png").exists()


def test_avoiding_a_class(interpolate, models):
    decode, classify = models.load("tanh"), models.load("unit_classifier")
    start, end = "-1.2,0.6", "1.3,0.7"  # low in the image, where everything is an eight

    def eight(z):
        return softmax_of_favoured(classify(to_unit(decode(z))))

    result = interpolate(favor=None, avoid=8, from_=start, to=end).ok()
    straight = mean_over_time(eight, *straight_nodes(numbers(start), numbers(end)))
    assert straight > 0.7
    assert mean_over_time(eight, result.path[0], result.times[0]) < 0.7 * straight


def test_wrong_range_is_noticed(interpolate):
    result = interpolate(decoder="silent", output_range="0,1", quiet=None).ok()  # its values reach down to -0.96
    assert "warning" in result.stderr.lower() and "[0, 1]" in result.stderr
    assert "[0, 1]" in json.dumps(result.document["warnings"])


def test_what_was_assumed_is_printed_and_stored(interpolate):
    result = interpolate(decoder="silent", quiet=None).ok()  # states no range; its values lie in [-1, 1]
    assert "[-1, 1]" in result.stdout + result.stderr
    assert "[-1, 1]" in json.dumps(result.document)


def test_nobody_states_a_range(interpolate):
    result = interpolate(decoder="silent", classifier="silent_classifier", quiet=None).ok()
    assert "warning" in result.stderr and "--output-range" in result.stderr
    assert "--input-range" in json.dumps(result.document["warnings"])
    assert "unchanged" in json.dumps(result.document["assumptions"])


def test_every_figure_of_the_path_is_consistent(interpolate):
    pair = interpolate(segments=64).ok().pairs[0]
    for curve in ("path", "linear", "spherical"):
        figures = pair[curve]
        assert figures["quality_of_curve"] == pytest.approx(np.exp(-figures["length"]), rel=1e-3, abs=1e-30)
        assert 0 <= figures["min_quality"] <= figures["mean_quality"] <= 1
        assert 0 <= figures["mean_class_probability"] <= 1
        assert pair["path"]["cost_refined"] <= figures["cost_refined"]
    assert pair["path"]["decoder_evaluations"] > 0 and pair["path"]["seconds"] > 0


def test_batch_of_pairs(interpolate, sound_run, tmp_path):
    ends = np.array([[[-1.2, -0.8], [1.3, -0.6]], [[-0.9, -1.0], [0.9, -1.1]], [[0.4, 0.9], [-1.1, -0.3]]], np.float32)
    np.save(tmp_path / "pairs.npy", ends)
    result = interpolate(pairs=tmp_path / "pairs.npy", from_=None, to=None).ok()
    check_run_folder(result.out, pairs=3)
    assert (result.path[:, 0] == ends[:, 0]).all() and (result.path[:, -1] == ends[:, 1]).all()
    for pair in result.pairs:
        assert pair["path"]["cost_refined"] <= min(pair["linear"]["cost_refined"], pair["spherical"]["cost_refined"])
    # A pair in a batch fares as it does alone, but for how matrix products of another size are rounded.
    alone = sound_run.pairs[0]["path"]["cost_refined"]
    assert result.pairs[0]["path"]["cost_refined"] == pytest.approx(alone, rel=1e-3)


def test_ends_are_exact_to_the_bit(interpolate, tmp_path):
    # Numbers that float32 holds and that a round trip through text or arithmetic would easily lose.
    start, end = np.array([-1.1999999, -0.80000013], np.float32), np.array([1 / 3, -2 / 3], np.float32)
    np.save(tmp_path / "start.npy", start)
    np.save(tmp_path / "end.npy", end[None])  # [1, D] will do as well
    result = interpolate(from_=tmp_path / "start.npy", to=tmp_path / "end.npy").ok()
    assert result.path.dtype == np.float32
    assert result.path[0, 0].tobytes() == start.tobytes() and result.path[0, -1].tobytes() == end.tobytes()

    precise = np.array([-1.2 + 1e-13, -0.8]), np.array([1.3, -0.6 - 1e-13])
    for name, point in zip(("start", "end"), precise):
        np.save(tmp_path / f"{name}.npy", point)
    result = interpolate("precise", decoder="double", from_=tmp_path / "start.npy", to=tmp_path / "end.npy",
                         dtype="float64").ok()
    assert result.path.dtype == np.float64
    assert (result.path[0, 0] == precise[0]).all() and (result.path[0, -1] == precise[1]).all()


def test_loop_leaves_its_point_and_comes_back(interpolate):
    result = interpolate(loop=True, to=None).ok()
    assert (result.path[0, 0] == numbers(START)).all() and (result.path[0, -1] == numbers(START)).all()
    assert np.abs(result.path[0] - numbers(START)).max() > 0.5
    assert result.pairs[0]["path"]["mean_class_probability"] > 0.3


def test_ends_drawn_from_the_prior(interpolate):
    first = interpolate("first", from_="seed:3", to="seed:4").ok()
    second = interpolate("second", from_="seed:4", to="seed:3", seed=2).ok()
    # seed:N means the same point whatever else is asked.
    assert (first.path[0, 0] == second.path[0, -1]).all() and (first.path[0, -1] == second.path[0, 0]).all()
    assert not (first.path[0, 0] == first.path[0, -1]).all()


def test_ends_of_a_class(interpolate, models):
    result = interpolate(from_="class:2", to="class:7").ok()
    decode, classify = models.load("tanh"), models.load("unit_classifier")
    with torch.no_grad():
        classes = classify(to_unit(decode(torch.tensor(result.path[0, [0, -1]])))).argmax(1)
    assert classes.tolist() == [2, 7]


def picture_size(file):
    header = file.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return struct.unpack(">II", header[16:24])


def test_pictures(interpolate):
    few = interpolate("few", frames=5).ok()
    many = interpolate("many", frames=11, spacing="arc").ok()
    width_of_few, height_of_few = picture_size(few.out / "frames" / "strip.png")
    width_of_many, _ = picture_size(many.out / "frames" / "strip.png")
    assert width_of_many > width_of_few >= 5 * 28 and height_of_few >= 3 * 28
    assert min(picture_size(few.out / "frames" / "latent.png")) >= 100
    # Re-spacing concerns the pictures; the path is the same.
    assert (few.out / "path.npy").read_bytes() == (many.out / "path.npy").read_bytes()


def test_pictures_for_papers(interpolate):
    plain = interpolate("plain").ok()
    assert {picture.suffix for picture in (plain.out / "frames").iterdir()} == {".png"}
    result = interpolate("papers", picture_format="svg,pdf").ok()
    check_picture_formats(result.out / "frames")
    again = interpolate("again", picture_format="svg,pdf").ok()
    for picture in (result.out / "frames").iterdir():
        assert picture.read_bytes() == (again.out / "frames" / picture.name).read_bytes(), picture.name
    for picture in (plain.out / "frames").iterdir():
        assert picture.read_bytes() == (result.out / "frames" / picture.name).read_bytes(), picture.name
    refused = interpolate("refused", picture_format="gif")
    assert refused.code == 2 and "--picture-format" in refused.stderr and "gif" in refused.stderr
    assert not refused.out.exists()


def linear_of(result):
    return json.loads((result.ok().out / "run.json").read_text())["summary"]["pairs"][0]["linear"]


def test_sharpness_is_the_power_of_the_favoured_quality(interpolate):
    linear = {p: linear_of(interpolate(f"p{p}", odds=1, sharpness=p, ramp="off", guard="none")) for p in (1, 2)}
    # The same line: what the classifier says of it stays, Q = P becomes P^2.
    assert linear[2]["mean_class_probability"] == pytest.approx(linear[1]["mean_class_probability"])
    assert linear[2]["min_quality"] == pytest.approx(linear[1]["min_quality"] ** 2, rel=1e-4)
    assert interpolate("none", sharpness=0).code == 2


def test_odds_are_what_counts_as_half_good(interpolate):
    """P/(P + s (1 − P)) of the same line: what the classifier says of it stays."""
    linear = {s: linear_of(interpolate(f"s{s}", odds=s, ramp="off", guard="none")) for s in (1, 3)}
    least = linear[1]["min_quality"]
    assert linear[3]["mean_class_probability"] == pytest.approx(linear[1]["mean_class_probability"])
    assert linear[3]["min_quality"] == pytest.approx(least / (least + 3 * (1 - least)), rel=1e-4)
    # Together: the power of what the odds make of it. By default surer places are sought than P asks for.
    both = linear_of(interpolate("both", odds=3, sharpness=2, ramp="off", guard="none"))
    assert both["min_quality"] == pytest.approx(linear[3]["min_quality"] ** 2, rel=1e-4)
    assert linear_of(interpolate("default", ramp="off", guard="none"))["min_quality"] < least
    assert interpolate("none", odds=0).code == 2


def test_same_end_twice(interpolate):
    result = interpolate(to=START).ok()
    assert "NaN" not in (result.out / "run.json").read_text()
    assert np.isfinite(result.path).all()


def test_config_file_gives_what_options_give(interpolate, models, tmp_path):
    by_options = interpolate("options", epsilon=0.05).ok()
    (tmp_path / "job.toml").write_text(
        f'decoder = "{models["tanh"]}"\nclassifier = "{models["unit_classifier"]}"\nfavor = [8]\n'
        f'from = "{START}"\nto = "{END}"\nepsilon = 0.05\nsegments = 32\nseed = 1\nthreads = 1\nquiet = true\n')
    out = tmp_path / "config"
    run("interpolate", *options(config=tmp_path / "job.toml", segments=16, out=out)).ok()  # the option wins
    assert (out / "path.npy").read_bytes() == (by_options.out / "path.npy").read_bytes()


@pytest.mark.parametrize("method", ["newton", "gauss-newton", "newton-cg"])
def test_a_second_order_method_ends_at_a_point_that_it_certifies(method, interpolate, models):
    result = interpolate(decoder="double", classifier="unit_classifier", method=method, max_iterations=60).ok()
    summary = json.loads((result.out / "run.json").read_text())["summary"]
    path, line = summary["pairs"][0]["path"], summary["pairs"][0]["linear"]
    assert summary["method"].startswith("L-BFGS, coarse to fine, then ")
    assert path["cost_refined"] <= line["cost_refined"] * (1 + 1e-9)
    assert path.get("minimum", False) == (path["termination"] == "converged" and path["negative_directions"] == 0)
    assert path["negative_directions"] >= 0 and np.isfinite(path["least_curvature"])


def test_what_a_second_order_method_lacks_is_said(interpolate):
    result = interpolate(method="newton", cost="length")
    assert result.code == 2
    assert "method newton needs a block-tridiagonal Hessian" in result.stderr
    result = interpolate(method="newton", curve="neural")
    assert result.code == 2 and "--curve neural" in result.stderr
