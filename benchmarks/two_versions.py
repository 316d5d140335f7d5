#!/usr/bin/python3
"""Geodesics and paths of measures by two versions of the program: lengths, true errors, costs and seconds of search in one table.

    benchmarks/two_versions.py OLD/latentpath NEW/latentpath [--pairs 200]

Ends are random, the same for both. A geodesic's true error is that of its length where a closed form knows the distance, else by how much it
is longer than the shorter of the two; lengths are those of the embedding, which both versions report alike. Median and worst. The
versions run by turns on one thread. Needs NumPy."""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np


def chart_ends(generator, pairs):
    return generator.normal(size=(pairs, 2, 2))


def planar_ends(generator, pairs):
    left = np.stack([-1.5 * np.ones(pairs), generator.uniform(-0.5, 0.5, pairs)], 1)
    return np.stack([left, -left], 1)


def great_circle(ends):
    """Between points of the shipped chart of the sphere, the stereographic one."""
    squared = np.square(ends).sum(-1, keepdims=True)
    x = np.concatenate([2 * ends, squared - 1], -1) / (1 + squared)
    return 2 * np.arcsin(np.clip(np.linalg.norm(x[:, 0] - x[:, 1], axis=1) / 2, 0, 1))


DISCS = "discs", ["--parameters=-0.5,0.2,0.6,0.7,-0.3,0.5"]
GEODESICS = [  # name, manifold and its parameters, ends, closed form
    ("sphere", "sphere", [], chart_ends, great_circle),
    ("ellipsoid 1, 1.5, 2", "ellipsoid", ["--parameters", "1,1.5,2"], chart_ends, None),
    ("torus 2, 1", "torus", ["--parameters", "2,1"], chart_ends, None),
    ("paraboloid 1", "paraboloid", ["--parameters", "1"], chart_ends, None),
    ("two discs in the plane", *DISCS, planar_ends, None),
]
MEASURES = [("example 1", "1"), ("example 2", "2"), ("example 3", "3")]


def answer(program, *arguments):
    found = subprocess.run([program, *arguments, "--json", "--quiet", "--threads", "1"], capture_output=True)
    return json.loads(found.stdout)


def spread(values, digits=".3g"):
    return f"{np.median(values):{digits}} ({np.max(values):{digits}})"


def geodesics(programs, pairs, folder):
    print(f"| geodesics, {pairs} pairs each, 100 segments | true error, share of the length: before | now | iterations: before | now | "
          "ms a pair: before | now | under-resolved or not converged: before | now |\n|" + "---|" * 9)
    for name, manifold, parameters, ends_of, truth in GEODESICS:
        ends = ends_of(np.random.default_rng(14), pairs)
        np.save(folder / "ends.npy", ends)
        runs = [answer(program, "geodesic", "--manifold", manifold, *parameters, "--pairs", str(folder / "ends.npy"), "--reference",
                       "off") for program in programs]
        paths = [[pair["path"] for pair in run["pairs"]] for run in runs]
        length = np.array([[path["embedding_length"] for path in each] for each in paths])
        right = truth(ends) if truth else length.min(0)
        error = np.maximum(length / right - 1, 0) if not truth else np.abs(length / right - 1)
        bad = [sum(path["under_resolved"] or path["termination"] != "converged" for path in each) for each in paths]
        cells = [*(spread(each) for each in error), *(spread([path["iterations"] for path in each], ".0f") for each in paths),
                 *(f"{1000 * run['seconds'] / pairs:.3g}" for run in runs), *map(str, bad)]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def measures(programs):
    print("\n| measures, 100 points | cost over its lower bound: before | now | iterations: before | now | seconds: before | now |\n|" + "---|" * 7)
    for name, example in MEASURES:
        paths = [answer(program, "measures", "--example", example)["pairs"][0]["path"] for program in programs]
        print(f"| {name} | " + " | ".join(f"{path[key]:{form}}" for key, form in (
            ("cost_over_lower_bound", ".6f"), ("iterations", "d"), ("seconds", ".2f")) for path in paths) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--pairs", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        geodesics([options.old, options.new], options.pairs, Path(folder))
    measures([options.old, options.new])


if __name__ == "__main__":
    main()
