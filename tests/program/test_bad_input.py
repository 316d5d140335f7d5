"""Bad input: one sentence that names what is wrong, the documented exit code, and nothing left behind."""

import os
import resource
import signal
import subprocess

import numpy as np
import pytest

from conftest import END, START, check_one_sentence, options, run

ARGUMENT, INPUT, NUMERICAL = {2}, {3}, {4}
EITHER = ARGUMENT | INPUT  # an argument and a file contradict each other

# What is asked for (over the sound job of `interpolate`), the exit codes that are right, words the sentence has.
CASES = {
    # Files of models.
    "missing decoder": ({"decoder": "nowhere.pt"}, INPUT, ["nowhere.pt"]),
    "missing classifier": ({"classifier": "nowhere.pt"}, INPUT, ["nowhere.pt"]),
    "truncated decoder": ({"decoder": "truncated"}, INPUT, ["truncated.pt", "decoder"]),
    "truncated classifier": ({"classifier": "truncated"}, INPUT, ["truncated.pt", "classifier"]),
    "text as decoder": ({"decoder": "text"}, INPUT, ["text.pt"]),
    "empty decoder": ({"decoder": "empty"}, INPUT, ["empty.pt"]),
    "state dict as decoder": ({"decoder": "state_dict"}, INPUT, ["state_dict.pt"]),
    "folder as decoder": ({"decoder": "/usr"}, INPUT, ["/usr"]),
    # Certificates.
    "certify with the ramp": ({"certify": True}, ARGUMENT, ["--certify", "--ramp off"]),
    "certify with a time term": ({"certify": True, "ramp": "off", "cost": "dynamic"}, ARGUMENT,
                                 ["--certify", "--cost"]),
    "certify with a time weight left open": ({"certify": True, "ramp": "off", "cost": "length"}, ARGUMENT,
                                             ["--certify", "--cost"]),
    "routes with the ramp": ({"init": "graph"}, ARGUMENT, ["--init graph", "depend on time"]),
    # Latents.
    "wrong latent size": ({"from_": "1,2,3", "to": "3,2,1"}, EITHER, ["2", "3"]),
    "ends of different sizes": ({"decoder": "silent", "from_": "1,2,3"}, EITHER, ["3", "2"]),
    "latent-dim against the ends": ({"decoder": "silent", "latent_dim": 3}, EITHER, ["3", "2"]),
    "latent-dim unknown": ({"decoder": "silent", "from_": "seed:1", "to": "seed:2"}, EITHER, ["--latent-dim"]),
    "latent shapes missing": ({"decoder": "list_silent", "from_": "seed:1", "to": "seed:2"}, EITHER,
                              ["--latent-shapes"]),
    "latent shapes malformed": ({"decoder": "list_silent", "latent_shapes": "2x,4"}, ARGUMENT, ["latent", "2x"]),
    "latent shapes against the ends": ({"decoder": "list_silent", "latent_shapes": "2x3,4"}, EITHER, ["10", "2"]),
    # What models do.
    "NaN images": ({"decoder": "nan"}, NUMERICAL, ["nan.pt", "NaN"]),
    "decoder that fails": ({"decoder": "raising"}, INPUT, ["raising.pt", "the furnace is out of coal"]),
    "too few classes": ({"classifier": "two_classifier"}, EITHER, ["8", "2 classes"]),
    "class below zero": ({"favor": -1}, ARGUMENT, ["-1"]),
    "no such class": ({"favor": "banana"}, ARGUMENT, ["banana"]),
    "classifier of something else": ({"classifier": "vector_classifier"}, INPUT, ["vector_classifier.pt"]),
    "classifier of latents, given images": ({"classifier": "latent_classifier"}, INPUT, ["latent_classifier.pt"]),
    "class without classifier": ({"classifier": None}, ARGUMENT, ["--classifier"]),
    # Options.
    "epsilon too large": ({"epsilon": 0.5}, ARGUMENT, ["epsilon", "0.5"]),
    "epsilon negative": ({"epsilon": -0.1}, ARGUMENT, ["epsilon", "-0.1"]),
    "epsilon not a number": ({"epsilon": "nan"}, ARGUMENT, ["epsilon"]),
    "epsilon a word": ({"epsilon": "banana"}, ARGUMENT, ["epsilon", "banana"]),
    "no segments": ({"segments": 0}, ARGUMENT, ["segments"]),
    "a flag with a value": ({"loop": "abc"}, ARGUMENT, ["--loop", "'abc' is neither true nor false"]),
    "segments a fraction": ({"segments": 2.5}, ARGUMENT, ["--segments takes a whole number", "2.5"]),
    "negative segments": ({"segments": -3}, ARGUMENT, ["segments"]),
    "segments that run over": ({"segments": "99999999999999999999"}, ARGUMENT, ["--segments takes a whole number", "9999"]),
    "a setting that is no whole number": ({"preconditioner_fewest_segments": "1e30"}, ARGUMENT,
                                          ["--preconditioner-fewest-segments takes a whole number, 1 or more", "1e30"]),
    "a number that runs over": ({"density_balance": "1e400"}, ARGUMENT, ["--density-balance", "1e400"]),
    "an infinite number": ({"max_seconds": "inf"}, ARGUMENT, ["--max-seconds must be a finite number, 0 or more", "inf"]),
    "differences wider than what they are of": ({"probe_step": "1e300"}, ARGUMENT, ["--probe-step", "1"]),
    "a grid no memory holds": ({"select_last_subdivisions": 2**40}, ARGUMENT, ["--select-last-subdivisions", "1024"]),
    "odds beyond float32": ({"odds": "1e300"}, ARGUMENT, ["--odds"]),
    "a class kept twice": ({"keep": [1, 1]}, ARGUMENT, ["--keep names the class 1 twice"]),
    "a class favoured twice": ({"favor": [8, 8]}, ARGUMENT, ["--favor names the class 8 twice"]),
    "a class favoured and avoided": ({"avoid": 8}, ARGUMENT, ["--favor and --avoid both name the class 8"]),
    "one frame": ({"frames": 1}, ARGUMENT, ["frames"]),
    "range upside down": ({"output_range": "1,0"}, ARGUMENT, ["output-range"]),
    "range of one number": ({"output_range": "1"}, ARGUMENT, ["output-range"]),
    "std of zero": ({"input_mean": "0.5", "input_std": "0"}, ARGUMENT, ["input-std"]),
    "no decoder": ({"decoder": None}, ARGUMENT, ["--decoder"]),
    "no start": ({"from_": None}, ARGUMENT, ["--from"]),
    "no end": ({"to": None}, ARGUMENT, ["--to"]),
    "a loop with two ends": ({"loop": True}, ARGUMENT, ["--loop", "--to"]),
    "unknown option": ({"banana": 1}, ARGUMENT, ["banana"]),
    **{f"unknown {option}": ({option: "banana"}, ARGUMENT, [option, "banana"])
       for option in ("method", "curve", "init", "spacing", "dtype", "prior", "ramp")},
    # Ends.
    "end of words": ({"from_": "1.0,banana"}, ARGUMENT, ["banana"]),
    "end that is no number": ({"from_": "1.0,nan"}, ARGUMENT, ["--from"]),
    "end outside the prior": ({"prior": "normal", "from_": "100,0"}, EITHER, ["prior", "--from"]),
    "end of an unknown class": ({"from_": "class:77"}, ARGUMENT, ["77"]),
    "seed of words": ({"from_": "seed:banana"}, ARGUMENT, ["banana"]),
    # Files of ends; see array_files().
    "missing array": ({"from_": "{arrays}/nowhere.npy"}, INPUT, ["nowhere.npy"]),
    "text as array": ({"from_": "{arrays}/text.npy"}, INPUT, ["text.npy"]),
    "truncated array": ({"from_": "{arrays}/truncated.npy"}, INPUT, ["truncated.npy"]),
    "array of complex numbers": ({"from_": "{arrays}/complex.npy"}, INPUT, ["complex.npy"]),
    "array of three axes": ({"from_": "{arrays}/three_axes.npy"}, INPUT, ["three_axes.npy"]),
    "array of another size": ({"from_": "{arrays}/three.npy"}, EITHER, ["three.npy", "3", "2"]),
    "array with NaN": ({"from_": "{arrays}/nan.npy"}, INPUT, ["nan.npy"]),
    "pairs of another shape": ({"pairs": "{arrays}/three_axes.npy", "from_": None, "to": None}, INPUT,
                               ["three_axes.npy"]),
    "no pairs": ({"pairs": "{arrays}/no_pairs.npy", "from_": None, "to": None}, INPUT, ["no_pairs.npy"]),
    "pairs and ends": ({"pairs": "{arrays}/pairs.npy"}, ARGUMENT, ["--pairs"]),
    # Settings files.
    "missing settings": ({"config": "nowhere.toml"}, EITHER, ["nowhere.toml"]),
    "unknown setting": ({"config": "{arrays}/unknown.toml"}, EITHER, ["banana"]),
}


@pytest.fixture(scope="session")
def arrays(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrays")
    (folder / "text.npy").write_text("1.0, 2.0\n")
    np.save(folder / "long.npy", np.zeros(2000, np.float32))
    (folder / "truncated.npy").write_bytes((folder / "long.npy").read_bytes()[:1000])
    np.save(folder / "complex.npy", np.zeros(2, np.complex64))
    np.save(folder / "three_axes.npy", np.zeros((2, 3, 2), np.float32))
    np.save(folder / "three.npy", np.zeros(3, np.float32))
    np.save(folder / "nan.npy", np.array([np.nan, 0], np.float32))
    np.save(folder / "no_pairs.npy", np.zeros((0, 2, 2), np.float32))
    np.save(folder / "pairs.npy", np.zeros((1, 2, 2), np.float32))
    (folder / "unknown.toml").write_text("banana = 3\n")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_refused(case, interpolate, arrays, tmp_path):
    asked, codes, words = CASES[case]
    asked = {name: value.format(arrays=arrays) if isinstance(value, str) else value for name, value in asked.items()}
    result = interpolate(**asked)
    assert result.code in codes, result.stderr
    check_one_sentence(result, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["banana"], ["--banana"]])
def test_no_such_subcommand(arguments):
    result = run(*arguments)
    assert result.code == 2
    check_one_sentence(result, *(word.strip("-") for word in arguments))


@pytest.mark.parametrize("place", ["{tmp}/file/run", "/dev/full", "/proc/latentpath/run"])
def test_unwritable_folder(place, interpolate, tmp_path):
    (tmp_path / "file").write_text("I am no folder")
    out = place.format(tmp=tmp_path)
    result = interpolate(out=out)
    assert result.code in EITHER
    check_one_sentence(result, out if place.startswith("/dev") else os.path.dirname(out))
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def job(models, out):
    return ["interpolate", *options(decoder=models["tanh"], classifier=models["unit_classifier"], favor=8, from_=START,
                                    to=END, segments=16, frames=30, threads=1, seed=1, quiet=True, out=out)]


def test_file_size_limit(models, tmp_path):
    """A disk that takes no more than the first kilobyte of a file."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    result = run(*job(models, tmp_path / "run"), preexec_fn=limit)
    assert result.code > 0 and result.code != 130
    check_one_sentence(result)
    assert list(tmp_path.iterdir()) == []


def test_full_disk(models, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        result = run(*job(models, disk / "run"))
        assert result.code > 0 and result.code != 130
        check_one_sentence(result, "space")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_models_names_what_exists():
    result = run("models", "no-such-model")
    assert result.code in EITHER
    check_one_sentence(result, "no-such-model")
