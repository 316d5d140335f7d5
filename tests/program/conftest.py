"""What the whole-program tests share: running the program, the models of other people, the truth about them."""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch.nn import functional

import foreign_models

torch.set_num_threads(2)

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("LATENTPATH_PROGRAM", REPOSITORY / "build/release/bin/latentpath"))

# Two points whose straight line never passes low in the image, where class 8 lives (see foreign_models.py).
START, END = "-1.2,-0.8", "1.3,-0.6"

FIGURES = ["cost", "cost_refined", "length", "quality_of_curve", "mean_quality", "min_quality",
           "mean_class_probability", "embedding_length"]
PATH_FIGURES = FIGURES + ["termination", "iterations", "decoder_evaluations", "seconds", "start"]


@dataclass
class Run:
    code: int
    stdout: str
    stderr: str
    out: Path  # the run folder that was asked for

    @property
    def document(self):
        return json.loads((self.out / "run.json").read_text())

    @property
    def pairs(self):
        return self.document["summary"]["pairs"]

    @property
    def path(self):
        return np.load(self.out / "path.npy")

    @property
    def times(self):
        """[pairs, nodes], also where one set of times serves all pairs."""
        times = np.load(self.out / "times.npy")
        return np.broadcast_to(times, self.path.shape[:2])

    def ok(self):
        assert self.code == 0, self.stderr
        return self


def environment():
    # No HOME and no settings of the developer's: what the program needs, it has.
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LATENTPATH_MODELS", "ASAN_OPTIONS")
            if name in os.environ}
    return {"LC_ALL": "C.UTF-8", **kept}


def start(arguments, **options):
    return subprocess.Popen([str(PROGRAM), *map(str, arguments)], stdin=subprocess.DEVNULL, text=True,
                            env=environment(), **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})


def run(*arguments, out=None, timeout=120, **options):
    process = start(arguments, **options)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Run(process.returncode, stdout or "", stderr or "", out)


def options(**chosen):
    """Options as they stand on the command line: input_range="0,1" -> --input-range=0,1; None leaves one out."""
    arguments = []
    for name, value in chosen.items():
        option = "--" + name.strip("_").replace("_", "-")
        if value is True:
            arguments.append(option)
        elif value is not None:
            for each in value if isinstance(value, list) else [value]:
                arguments.append(f"{option}={each}")
    return arguments


class Models:
    """The files of foreign_models.py, by name."""

    def __init__(self, folder):
        self.folder = folder
        foreign_models.write_models(folder)

    def __getitem__(self, name):
        return self.folder / f"{name}.pt"

    def load(self, name):
        return torch.jit.load(str(self[name])).eval()


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session", autouse=True)
def program_exists():
    assert PROGRAM.is_file(), f"{PROGRAM} has not been built"


def caller(models, folder):
    def call(name="run", **chosen):
        settings = {"decoder": "tanh", "classifier": "unit_classifier", "favor": 8, "from_": START, "to": END,
                    "segments": 16, "seed": 1, "threads": 1, "quiet": True, **chosen}
        for role in ("decoder", "classifier"):
            if settings[role] is not None and models[settings[role]].exists():
                settings[role] = models[settings[role]]
        out = Path(settings.setdefault("out", folder / name))
        return run("interpolate", *options(**settings), out=out)

    return call


@pytest.fixture
def interpolate(models, tmp_path):
    """interpolate(decoder="tanh", favor=8, …): one run into tmp_path/run; the defaults make a small sound job."""
    return caller(models, tmp_path)


@pytest.fixture(scope="session")
def sound_run(models, tmp_path_factory):
    """The sound job of `interpolate` with notes and progress, done once; to be looked at, not changed."""
    return caller(models, tmp_path_factory.mktemp("sound"))(quiet=None).ok()


def numbers(text):
    return np.array([float(number) for number in text.split(",")], dtype=np.float32)


def to_unit(images):
    """The documented conversion of a tanh decoder's images to [0, 1]."""
    return (images + 1) / 2


def enlarge(images):
    """The documented conversion of sizes, 28 x 28 to 32 x 32."""
    return functional.interpolate(images, size=(32, 32), mode="bilinear", align_corners=False)


def mean_over_time(probability, nodes, times, steps=2048):
    """The mean of probability(z) over uniform times on the polyline with these nodes [nodes, D]."""
    uniform = (np.arange(steps) + 0.5) / steps
    points = np.stack([np.interp(uniform, times, column) for column in nodes.T.astype(np.float64)], 1)
    with torch.no_grad():
        return float(probability(torch.tensor(points, dtype=torch.float32)).double().mean())


def straight_nodes(start, end):
    return np.stack([start, end]), np.array([0.0, 1.0])


def check_run_folder(folder, pairs=1, images=True):
    """A run folder is whole: every promised file is there, can be read, and agrees with the others."""
    document = json.loads((folder / "run.json").read_text())
    assert len(document["summary"]["pairs"]) == pairs
    path, times = np.load(folder / "path.npy"), np.load(folder / "times.npy")
    assert path.ndim == 3 and path.shape[0] == pairs and np.isfinite(path).all()
    assert times.shape in {path.shape[1:2], path.shape[:2]}
    times = np.broadcast_to(times, path.shape[:2])
    assert (times[:, 0] == 0).all() and (times[:, -1] == 1).all() and (np.diff(times, axis=1) > 0).all()
    assert (folder / "frames").is_dir()
    assert (folder / "frames" / "strip.png").exists() == images
    for picture in (folder / "frames").iterdir():
        assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    return document


def check_picture_formats(frames, formats=("svg", "pdf")):
    """Every picture of the folder is there in these formats too, and they are what they are called."""
    stems = {picture.stem for picture in frames.glob("*.png")}
    assert stems and {picture.name for picture in frames.iterdir()} == {
        f"{stem}.{ending}" for stem in stems for ending in ("png", *formats)}
    for stem in stems:
        if "svg" in formats:
            drawing = ElementTree.parse(frames / f"{stem}.svg").getroot()
            namespace = "{http://www.w3.org/2000/svg}"
            assert drawing.tag == namespace + "svg"
            # Text is there, a glyph a letter, and every use of one leads to its outline.
            known = {element.get("id") for element in drawing.iter()}
            used = {element.get("{http://www.w3.org/1999/xlink}href") for element in drawing.iter(namespace + "use")}
            assert len(used) > 10 and used <= {f"#{name}" for name in known}
        if "pdf" in formats:
            document = frames / f"{stem}.pdf"
            assert document.read_bytes().startswith(b"%PDF-") and document.read_bytes().rstrip().endswith(b"%%EOF")
            if shutil.which("pdftotext"):
                said = subprocess.run(["pdftotext", document, "-"], capture_output=True, text=True, check=True).stdout
                assert len(said.split()) > 3


def check_one_sentence(result, *mentioned):
    """A refusal is one line that names what is wrong: no stack of calls, no C++ in it."""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("latentpath: "), result.stderr
    for noise in ("frame #", "Traceback", "Exception raised from", "c10::", "std::", ".cpp", "terminate called"):
        assert noise not in lines[0], result.stderr
    for word in mentioned:
        assert str(word).lower() in lines[0].lower(), (word, result.stderr)
    assert result.stdout == ""


def wait_for_end(process, seconds):
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail(f"the program had not ended {seconds} s after its interruption")
    return Run(process.returncode, stdout or "", stderr or "", None)


def interrupt_after(process, seconds):
    time.sleep(seconds)
    was_running = process.poll() is None
    if was_running:
        process.send_signal(signal.SIGINT)
    return was_running
