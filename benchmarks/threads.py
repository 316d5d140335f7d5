#!/usr/bin/python3
"""Do threads pay? One table of seconds of search: a chart, a pair, a batch and a measures run, by one thread and by the
default number, on a machine that is idle and on one whose cores are all taken by other processes.

    benchmarks/threads.py build/release/bin/latentpath [ANOTHER_PROGRAM ...] [--repeats 5] [--only chart]

Runs of all programs and thread numbers take turns, so that a change of the machine meets them all; a cell is the median
and, in brackets, the slowest. Needs python3-torch, which writes the chart."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

CHART = """
import torch
class LatitudeLongitude(torch.nn.Module):
    def forward(self, z):
        return torch.stack([torch.cos(z[:, 0]) * torch.cos(z[:, 1]), torch.cos(z[:, 0]) * torch.sin(z[:, 1]),
                            torch.sin(z[:, 0])], 1)
torch.jit.trace(LatitudeLongitude(), torch.ones(3, 2)).save("chart.pt")
"""

DIGITS = ["interpolate", "--decoder", "mnist-vae-8", "--classifier", "mnist-classifier", "--favor", "8", "--odds", "1"]
WORKS = [  # name, arguments, times the repeats (what takes milliseconds needs many)
    ("chart in a file, D = 2, 100 segments",
     ["geodesic", "--embedding", "chart.pt", "--from", "0.1,0.2", "--to", "0.9,1.7", "--segments", "100"], 8.0),
    ("one pair of digits", DIGITS + ["--from", "seed:1", "--to", "seed:2"], 1.0),
    ("50 pairs of digits", DIGITS + ["--pairs", "pairs.npy"], 0.4),
    ("measures, 200 points", ["measures", "--example", "1", "--points", "200"], 1.0),
]


def write_inputs(folder):
    subprocess.run([sys.executable, "-c", CHART], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    import numpy
    pairs = numpy.random.default_rng(1).standard_normal((50, 2, 8)).astype(numpy.float32)
    numpy.save(os.path.join(folder, "pairs.npy"), pairs)


def search_seconds(program, arguments, threads, folder):
    command = [program] + arguments + ["--json", "--quiet"] + (["--threads", str(threads)] if threads else [])
    answer = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)
    if arguments[0] == "interpolate":
        return answer["seconds"]
    # Without the reference solver of a chart, which is no search.
    ways = [way for pair in answer["pairs"] for way in pair.values() if isinstance(way, dict)]
    return sum(way.get("seconds", 0) for way in ways)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="the works whose name contains this")
    options = parser.parse_args()
    works = [work for work in WORKS if options.only in work[0]]
    programs = [os.path.abspath(program) for program in options.programs]
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        write_inputs(folder)
        for load in ("idle", "busy"):
            others = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                      for _ in range(os.cpu_count() if load == "busy" else 0)]
            try:
                for name, arguments, share in works:
                    for _ in range(max(1, round(share * options.repeats))):
                        for program in programs:
                            for threads in (1, 0):
                                key = (name, program, load, threads)
                                seconds.setdefault(key, []).append(search_seconds(program, arguments, threads, folder))
            finally:
                for other in others:
                    other.kill()
                    other.wait()
    print("| seconds of search | program | idle, 1 thread | idle, default | busy, 1 thread | busy, default |")
    print("|---|---|---|---|---|---|")
    for name, _, _ in works:
        for number, program in enumerate(programs):
            cells = [seconds[name, program, load, threads] for load in ("idle", "busy") for threads in (1, 0)]
            print(f"| {name} | {number + 1} | " +
                  " | ".join(f"{statistics.median(cell):.3g} ({max(cell):.3g})" for cell in cells) + " |")


if __name__ == "__main__":
    main()
