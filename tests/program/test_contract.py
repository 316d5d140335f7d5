"""What other programs may rely on: exit codes, what goes where, run folders that are whole or absent."""

import json
import os
import re
import select
import signal
import termios
import time
from pathlib import Path

import numpy as np
import pytest

from conftest import (END, FIGURES, PATH_FIGURES, PROGRAM, START, check_run_folder, interrupt_after, options, run,
                      start, wait_for_end)

SUBCOMMANDS = list(json.loads(run("option-tables").ok().stdout))

INTERPOLATE_OPTIONS = ["decoder", "classifier", "favor", "avoid", "prior", "from", "to", "pairs", "loop", "method",
                       "curve", "init", "segments", "epsilon", "ramp", "frames", "spacing", "dtype", "threads", "seed",
                       "out", "overwrite", "quiet", "json", "config", "latent-dim", "latent-shapes", "output-range",
                       "input-range", "input-mean", "input-std", "input-shape", "classifier-input", "norm",
                       "time-weight"]


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_help(subcommand):
    result = run(subcommand, "--help").ok()
    assert result.stderr == ""
    lines = result.stdout.splitlines() + [""]
    for line, next_line in zip(lines, lines[1:]):
        described = re.match(r"  (?:-\w,)?--[\w-]+(.*)", line)
        below = next_line.startswith(" " * 20)  # what a long name leaves no room for
        assert not described or re.search(r"[a-z]{2}", described[1]) or below, f"not documented: {line}"
    if subcommand == "interpolate":
        for option in INTERPOLATE_OPTIONS:
            assert re.search(rf"--{option}\b", result.stdout), f"--{option} is not documented"


def test_help_of_the_program_names_every_subcommand():
    text = run("--help").ok().stdout
    for subcommand in SUBCOMMANDS:
        assert re.search(rf"^\s+{subcommand}\s+\w", text, re.MULTILINE), subcommand
    assert re.fullmatch(r"\d+\.\d+\.\d+", run("--version").ok().stdout.strip())


def test_run_folder(sound_run):
    result = sound_run
    assert sorted(entry.name for entry in result.out.parent.iterdir()) == ["run"]  # no temporary folder beside it
    document = check_run_folder(result.out)
    assert result.path.shape == (1, 17, 2)  # 16 segments
    pair = document["summary"]["pairs"][0]
    assert set(PATH_FIGURES) <= set(pair["path"])
    for baseline in ("linear", "spherical"):
        assert set(FIGURES) <= set(pair[baseline])
    text = json.dumps(document)
    for recorded in ("version", "seed", "epsilon", "segments", "tanh.pt", "unit_classifier.pt"):
        assert recorded in text, recorded
    assert (result.out / "frames" / "latent.png").exists()


def test_json_prints_the_summary_and_nothing_else(interpolate):
    result = interpolate(json=True, quiet=None).ok()
    summary = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert summary == result.document["summary"]
    assert set(summary["pairs"][0]) == {"path", "linear", "spherical"}


def test_progress_goes_to_stderr_and_results_to_stdout(interpolate, sound_run):
    loud = sound_run
    quiet = interpolate("quiet").ok()
    assert loud.stderr != "" and "\r" not in loud.stderr and "\x1b" not in loud.stderr  # plain lines: no terminal here
    assert quiet.stderr == ""
    assert loud.stdout != "" and "\r" not in loud.stdout


@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_and_threads_same_bytes(threads, interpolate):
    runs = [interpolate(name, threads=threads, seed=7, from_="seed:1", to="seed:2", segments=8, strips=0).ok()
            for name in ("one", "two")]
    for file in ("path.npy", "times.npy"):
        assert (runs[0].out / file).read_bytes() == (runs[1].out / file).read_bytes()


def test_an_existing_run_is_kept_unless_told_otherwise(interpolate):
    first = interpolate(from_="seed:1").ok()
    before = (first.out / "path.npy").read_bytes()
    refused = interpolate(from_="seed:2")
    assert refused.code == 2 and "--overwrite" in refused.stderr and str(refused.out) in refused.stderr
    assert (first.out / "path.npy").read_bytes() == before
    replaced = interpolate(from_="seed:2", overwrite=True).ok()
    check_run_folder(replaced.out)
    assert (replaced.out / "path.npy").read_bytes() != before
    assert [entry.name for entry in replaced.out.parent.iterdir()] == ["run"]


def test_overwrite_never_takes_a_folder_that_is_no_run(interpolate, tmp_path):
    precious = tmp_path / "home"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    result = interpolate(out=precious, overwrite=True)
    assert result.code == 2
    assert [entry.name for entry in precious.iterdir()] == ["letter.txt"]


def slow_job(models, out):
    return ["interpolate", *options(decoder=models["slow"], classifier=models["unit_classifier"], favor=8, from_=START,
                                    to=END, segments=64, threads=1, seed=1, out=out)]


def test_interrupted_run_is_saved(models, tmp_path):
    out = tmp_path / "run"
    process = start(slow_job(models, out))
    process.stderr.readline()  # the first note: the models are loaded
    assert interrupt_after(process, 0.5), "the job that was to be interrupted had already ended"
    result = wait_for_end(process, 60)
    assert result.code == 130, result.stderr
    document = check_run_folder(out)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    path = np.load(out / "path.npy")
    assert path[0, 0].tolist() == pytest.approx([-1.2, -0.8]) and path[0, -1].tolist() == pytest.approx([1.3, -0.6])
    assert document["interrupted"] is True
    assert "interrupt" in result.stderr.lower()


@pytest.mark.parametrize("quiet", [False, True])
def test_the_first_interruption_is_answered_at_once_on_a_terminal(quiet, models, tmp_path):
    terminal, stderr = os.openpty()
    process = start(slow_job(models, tmp_path / "run") + (["--quiet"] if quiet else []), stderr=stderr)
    os.close(stderr)
    said = b""

    def read(seconds, until):
        nonlocal said
        end = time.monotonic() + seconds
        while until not in said and select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            try:
                said += os.read(terminal, 4096)
            except OSError:  # the program has ended
                break
        return until in said

    if quiet:  # nothing tells that it has begun but the kernel, which knows whether SIGINT is caught
        while not int(re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())[1], 16) >> (signal.SIGINT - 1) & 1:
            time.sleep(0.05)
        time.sleep(1)
    else:
        assert read(20, b"note:")
    process.send_signal(signal.SIGINT)
    # The model is slow: finishing takes longer than this.
    assert read(1, b"stopping, to keep what is found") is not quiet
    process.communicate(timeout=30)
    assert process.returncode == 130
    os.close(terminal)


@pytest.mark.parametrize("columns", [0, 40])  # 0: a terminal that does not say, which has 80
def test_one_progress_line_for_the_whole_run_on_a_terminal(columns, models, tmp_path):
    """It is there before the first note, its bar never goes back, it tells the time left, it is never broken into two,
    and it is gone at the end."""
    terminal, stderr = os.openpty()
    termios.tcsetwinsize(stderr, (24, columns))
    process = start(["interpolate", *options(decoder=models["slow"], classifier=models["unit_classifier"], favor=8, from_=START, to=END,
                                             segments=16, max_iterations=8, threads=1, seed=1, report_frames=3, out=tmp_path / "run",
                                             video=tmp_path / "film.gif", fps=10, seconds=1, size=32)], stderr=stderr)
    os.close(stderr)
    said = b""
    try:
        while more := os.read(terminal, 65536):
            said += more
    except OSError:  # the program has ended
        pass
    stdout, _ = process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == 0 and "film: 10 frames" in stdout
    text = said.decode()
    lines = [line for line in re.findall(r"\r\x1b\[K([^\r\n]*)", text) if not line.startswith("note:")]
    assert max(map(len, lines)) < (columns or 80)
    assert re.search(r"\S.*, \d+ s left", text) and text.endswith("\r\x1b[K")
    if columns:  # no room for a bar beside a stage and the time left
        return
    assert text.index("] loading") < text.index("note:")
    bars = [len(bar) for bar in re.findall(r"\[(#*)\.*\] ", text)]
    assert len(bars) > 5 and bars == sorted(bars) and bars[0] == 0 and bars[-1] >= 15
    assert re.search(r"\] \S.*, \d+ s left", text) and "] film " in text


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.6, 1.2])
def test_interrupted_at_any_moment(seconds, models, tmp_path):
    out = tmp_path / "run"
    process = start(slow_job(models, out))
    interrupt_after(process, seconds)
    result = wait_for_end(process, 20)
    left = [entry.name for entry in tmp_path.iterdir()]
    # -2: before the program's first line, while the system still loads its libraries.
    assert result.code == 130 or (result.code == -2 and result.stderr == "" and left == []), result.stderr
    assert left in ([], ["run"])
    if left:
        check_run_folder(out)


@pytest.mark.parametrize("pause", [0.02, 0.3])
def test_interrupted_twice(pause, models, tmp_path):
    """The second Ctrl-C ends the program at once, and still nothing half-written is left."""
    out = tmp_path / "deep" / "run"
    process = start(slow_job(models, out))
    process.stderr.readline()
    assert interrupt_after(process, 0.3) and interrupt_after(process, pause)
    result = wait_for_end(process, 5)
    assert result.code == 130
    assert list(tmp_path.iterdir()) == [] and "interrupted twice" in result.stderr


def test_results_that_cannot_be_printed_are_no_success(interpolate, models, tmp_path):
    with open("/dev/full", "w") as full:
        result = run("interpolate", *options(decoder=models["tanh"], classifier=models["unit_classifier"], favor=8,
                                             from_=START, to=END, segments=8, threads=1, quiet=True, json=True,
                                             out=tmp_path / "run"), stdout=full)
    assert result.code not in (0, 130) and result.code > 0
    assert len(result.stderr.strip().splitlines()) == 1


def test_library_version_is_the_programs():
    """One version constant: the program prints what CMake's project() says."""
    cmake = (PROGRAM.parents[1] / "CMakeCache.txt")
    if not cmake.exists():
        pytest.skip("not a build tree")
    version = re.search(r"CMAKE_PROJECT_VERSION:STATIC=(\S+)", cmake.read_text())[1]
    assert run("--version").ok().stdout.strip() == version


def test_runs_from_anywhere(interpolate, models, tmp_path):
    folder = tmp_path / "else where"
    folder.mkdir()
    result = run("interpolate", *options(decoder=os.path.relpath(models["tanh"], folder), from_=START, to=END,
                                         segments=8, threads=1, quiet=True, out="deep/er/run"), cwd=folder)
    result.ok()  # without a classifier: a plain geodesic
    check_run_folder(folder / "deep" / "er" / "run")
