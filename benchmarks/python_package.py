#!/usr/bin/env python3
"""Compares the Python package, on modules written in Python, with the program, on the traced files of the same weights.

    benchmarks/python_package.py PROGRAM [--runs 5] [--pairs 1] [--models mnist-vae-8 mnist-dcgan-8]

One thread, by turns; medians of the runs. Three times are told: of the search alone, which both measure themselves (`search`), of the
processor for the whole call and the whole command (`processor`), which another load on the machine changes least, and of the whole
by the clock (`whole`); the program's command starts a process and reads files each time, so only `search` compares like with like.
The figures must agree to the tolerance of the solver where both run the same LibTorch.

LATENTPATH_PACKAGE names a build's package (build/release/python); without it, the one that is installed is taken.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

if os.environ.get("LATENTPATH_PACKAGE"):
    sys.path.insert(0, str(pathlib.Path(os.environ["LATENTPATH_PACKAGE"]).resolve()))
import latentpath as lp
import numpy
import torch
from latentpath import _calls
from torch import nn

MODELS = pathlib.Path(__file__).resolve().parents[1] / "models"


def silus(*layers):
    """The layers with SiLU between."""
    return nn.Sequential(*(part for layer in layers for part in (layer, nn.SiLU())))[:-1]


def vae():
    module = nn.Sequential(*silus(nn.Linear(8, 256), nn.Linear(256, 512), nn.Linear(512, 784)), nn.Sigmoid(),
                           nn.Unflatten(1, (1, 28, 28)))
    module.output_range = (0, 1)
    return module


def dcgan():
    module = nn.Sequential(*silus(nn.Linear(8, 256), nn.Linear(256, 128), nn.Linear(128, 2352)), nn.SiLU(),
                           nn.Unflatten(1, (48, 7, 7)),
                           *silus(nn.ConvTranspose2d(48, 24, 4, 2, 1), nn.ConvTranspose2d(24, 1, 4, 2, 1)), nn.Tanh())
    module.output_range = (-1, 1)
    return module


def classifier():
    module = nn.Sequential(*silus(nn.Conv2d(1, 24, 4, 2, 1), nn.Conv2d(24, 48, 4, 2, 1)), nn.SiLU(), nn.Flatten(),
                           *silus(nn.Linear(2352, 128), nn.Linear(128, 10)))
    module.input_range, module.input_shape = (0, 1), (1, 28, 28)
    module.class_names = tuple("0123456789")
    return module


def with_weights(module, name):
    """The module with the weights of a shipped model, which must then be the same function."""
    shipped = torch.jit.load(str(MODELS / f"{name}.pt"))
    module.load_state_dict(dict(zip(module.state_dict(), shipped.state_dict().values())))
    module.eval()
    return module


def processor(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def measured(call, who):
    clock, begin = time.perf_counter(), processor(who)
    summary = call()
    return {"search": summary["seconds"], "processor": processor(who) - begin, "whole": time.perf_counter() - clock}, summary


def call_overhead():
    """Seconds of a call from the core into Python and back, a batch of 65 points."""
    with _calls.Search() as search:
        number = search.register(_calls.Function(lambda z: z, "decoder", "identity", torch.device("cpu")))
        z, times = torch.zeros(65, 8), []
        for _ in range(40):
            begin = time.perf_counter()
            for _ in range(100):
                torch.ops.latentpath.call(number, [z])
            times.append((time.perf_counter() - begin) / 100)
    return times


def compare(name, program, runs, count, folder):
    decoder, judge = with_weights({"mnist-vae-8": vae, "mnist-dcgan-8": dcgan}[name](), name), with_weights(classifier(), "mnist-classifier")
    with torch.no_grad():
        z = torch.randn(3, 8)
        assert torch.allclose(decoder(z), torch.jit.load(str(MODELS / f"{name}.pt"))(z), atol=1e-5)
    torch.manual_seed(7)
    pairs = torch.randn(count, 2, 8)
    numpy.save(folder / "pairs.npy", pairs.numpy())
    command = [program, "interpolate", "--decoder", name, "--classifier", "mnist-classifier", "--favor", "8", "--pairs", folder / "pairs.npy",
               "--judge", "none", "--prior", "normal", "--threads", "1", "--json", "--quiet"]

    def by_program():
        return json.loads(subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout)

    def by_package():
        return lp.find_path(decoder, pairs[:, 0], pairs[:, 1], quality=lp.favor(judge, 8), prior="normal", threads=1).summary

    by_package()  # what is done once a process
    times = {"program": [], "package": []}
    for _ in range(runs):
        for who, call, scope in (("program", by_program, resource.RUSAGE_CHILDREN), ("package", by_package, resource.RUSAGE_SELF)):
            taken, summary = measured(call, scope)
            times[who].append(taken)
            times[who + " summary"] = summary
    print(f"\n{name}, {count} pair(s), favour 8, median of {runs}, seconds")
    for what in ("search", "processor", "whole"):
        mine, theirs = (statistics.median(run[what] for run in times[who]) for who in ("package", "program"))
        print(f"  {what:9}  package {mine:7.3f}   program {theirs:7.3f}   ratio {mine / theirs:.2f}")
    for mine, theirs in zip(times["package summary"]["pairs"], times["program summary"]["pairs"]):
        parts = []
        for figure in ("cost_refined", "length", "mean_class_probability"):
            a, b = mine["path"][figure], theirs["path"][figure]
            parts.append(f"{figure} {a:.6g}, {b:.6g} ({abs(a - b) / max(abs(b), 1e-12):.1e})")
        print("  package, program: " + "; ".join(parts))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--pairs", type=int, default=1)
    arguments.add_argument("--models", nargs="+", default=["mnist-vae-8", "mnist-dcgan-8"])
    given = arguments.parse_args()
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    version = json.loads(subprocess.run([given.program, "version", "--json"], check=True, capture_output=True, text=True).stdout)
    print(f"package: torch {torch.__version__}; program: {version}")
    times = call_overhead()
    print(f"a call from the core into Python: least {1e6 * min(times):.0f} µs, median {1e6 * statistics.median(times):.0f} µs a batch")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.models:
            compare(name, given.program, given.runs, given.pairs, pathlib.Path(folder))


if __name__ == "__main__":
    main()
