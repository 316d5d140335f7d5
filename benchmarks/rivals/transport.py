#!/usr/bin/env python3
"""Exact optimal transport beside POT's network simplex: the same points, processor time of one thread, equal optimum.

    pip install POT
    OMP_NUM_THREADS=1 benchmarks/rivals/transport.py build/release/benchmarks/benchmark_transport [POINTS ...]

Ours is timed whole, from points to plan and proof; of POT the matrix of distances and `ot.emd2` are told apart.
Samples: N(0, I) to half N((-5, 0, …), I) and half N((5, 0, …), I), and uniform points sorted by each coordinate, the
order in which a simplex that goes row by row has it hardest. Ends with 1 where the optima differ by more than 1e-12.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version

import numpy as np
import ot


def samples(kind, points, dim):
    generator = np.random.default_rng(points + dim)
    if kind == "sorted":
        return np.sort(generator.uniform(size=(2, points, dim)), axis=1)
    both = generator.normal(size=(2, points, dim))
    both[1, :, 0] += np.where(np.arange(points) % 2 == 1, 5, -5)
    return both


def pots(x, y):
    weights = np.full(len(x), 1 / len(x))
    begin = time.process_time()
    distances = ot.dist(x, y)
    between = time.process_time()
    cost = ot.emd2(weights, weights, distances, numItermax=10**9)
    return float(cost), between - begin, time.process_time() - between


def main():
    program, *sizes = sys.argv[1:]
    sizes = [int(size) for size in sizes] or [1000, 2000, 5000]
    print(f"POT {version('POT')}, NumPy {version('numpy')}, Python {platform.python_version()}")
    print("| samples | d | n | POT: distances, emd2 | ours | optima differ by | our duality gap |\n|---|---|---|---|---|---|---|")
    worst = 0
    for kind, dim in (("clouds", 2), ("clouds", 64), ("sorted", 2)):
        for points in sizes:
            both = samples(kind, points, dim)
            with tempfile.NamedTemporaryFile() as file:
                both.astype("<f8").tofile(file)
                file.flush()
                said = subprocess.run([program, file.name, str(points), str(dim)], check=True, capture_output=True)
            ours = json.loads(said.stdout)
            cost, distances, solving = pots(*both)
            difference = abs(ours["cost"] - cost) / cost
            worst = max(worst, difference)
            print(f"| {kind} | {dim} | {points} | {distances:.2f} + {solving:.2f} s | {ours['seconds']:.2f} s "
                  f"| {difference:.1e} | {ours['duality_gap'] / ours['cost']:.1e} |", flush=True)
    return 0 if worst <= 1e-12 else 1


if __name__ == "__main__":
    sys.exit(main())
