#!/usr/bin/env python3
"""What tables in shards cost beside their paths (docs/clusters.md): benchmarks/cluster.py PART [options], with latentpath on
PYTHONPATH; Ray for parts that say so.

    benchmarks/cluster.py memory --pairs 50000      a cheap decoder: memory of the driver, seconds a path, size of the page
    benchmarks/cluster.py efficiency --engine ray   two workers of one thread against one process of one thread, in turn
    benchmarks/cluster.py overhead --engine ray     what a shard of a second takes beside its paths
    benchmarks/cluster.py bytes --pairs 2000        one process, seven shards, two processes, Ray: the same files
    benchmarks/cluster.py parquet --rows 1000000    a table of so many rows: written and read
"""

import argparse
import pathlib
import resource
import statistics
import tempfile
import time
import warnings

import torch

import latentpath as lp
from latentpath import cluster, tables

CHEAP = {"segments": 8, "frames": 9, "curves": 3, "guard": "none", "latent_dim": 2, "seconds": "off", "threads": 1}

SEARCHED = {**CHEAP, "segments": 16, "latent_dim": 8, "output_range": (-1, 1)}


class Chart(torch.nn.Module):
    """A paraboloid: [n, 2] → [n, 3]."""

    def forward(self, z):
        return torch.cat([z, z.square().sum(1, keepdim=True)], 1)


class Network(torch.nn.Module):
    """[n, 8] → [n, 1, 16, 16], with two hidden layers."""

    def __init__(self, width):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(8, width), torch.nn.Tanh(), torch.nn.Linear(width, width),
                                          torch.nn.Tanh(), torch.nn.Linear(width, 256), torch.nn.Tanh())

    def forward(self, z):
        return self.layers(z).reshape(-1, 1, 16, 16)


def saved(module, points, folder):
    torch.manual_seed(0)
    file = str(pathlib.Path(folder) / "decoder.pt")
    torch.jit.trace(module.eval(), points).save(file)
    return file


def megabytes(who=resource.RUSAGE_SELF):
    return resource.getrusage(who).ru_maxrss / 1024


def address(engine):
    return {"processes": None, "ray": "local"}[engine]


def cpu_seconds():
    """Of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def memory(asked, folder):
    decoder = saved(Chart(), torch.zeros(2, 2), folder)
    before = megabytes()
    begin, told = time.monotonic(), []
    torch.manual_seed(1)
    pairs = torch.randn(asked.pairs, 2, 2)
    table = cluster.evaluate(decoder, pairs=pairs, batch=1000, methods="linear,spherical", workers=asked.workers,
                             address=address(asked.engine), out=f"{folder}/run",
                             progress=lambda *heard: told.append(megabytes()), **CHEAP)
    took, paths = time.monotonic() - begin, 2 * asked.pairs
    page = (table.folder / "report.html").stat().st_size
    print(f"{paths} paths, {asked.workers} workers ({asked.engine}): {took:.0f} s, {1e3 * took / paths:.3f} ms a path; memory of "
          f"the driver {before:.0f} MB before, {told[0]:.0f} MB after the first shard, {told[-1]:.0f} MB after the last, "
          f"{megabytes():.0f} MB after merging; workers {megabytes(resource.RUSAGE_CHILDREN):.0f} MB; page {page / 1024:.0f} kB, paths.csv "
          f"{(table.folder / 'paths.csv').stat().st_size / 1e6:.1f} MB")
    tables.to_parquet(table.folder)
    print(f"paths.parquet {(table.folder / 'paths.parquet').stat().st_size / 1e6:.1f} MB")


def efficiency(asked, folder):
    decoder = saved(Network(asked.width), torch.zeros(2, 8), folder)
    job = {"pairs": asked.pairs, "batch": 10, "methods": "straight", **SEARCHED}
    rates, costs = {1: [], 2: []}, {1: [], 2: []}
    for round in range(asked.rounds):
        for workers in (1, 2) if round % 2 == 0 else (2, 1):
            heard, before = [], cpu_seconds()
            cluster.evaluate(decoder, workers=workers, address=address(asked.engine), out=f"{folder}/run", overwrite=True,
                             progress=lambda *told, heard=heard: heard.append(time.monotonic()), **job)
            # From the first result to the last: starting belongs to a table and not to its paths.
            rates[workers].append((len(heard) - 1) * 10 / (heard[-1] - heard[0]))
            costs[workers].append((cpu_seconds() - before) / asked.pairs)
            print(f"{workers} workers ({asked.engine}): {rates[workers][-1]:.1f} paths a second, "
                  f"{1e3 * costs[workers][-1]:.1f} ms of a core a path, the start included", flush=True)
    one, two = (statistics.median(rates[workers]) for workers in (1, 2))
    print(f"medians {one:.1f} and {two:.1f}: {two / one:.2f} times; of a core {1e3 * statistics.median(costs[1]):.1f} and "
          f"{1e3 * statistics.median(costs[2]):.1f} ms a path (workers of Ray are not counted)")


def overhead(asked, folder):
    """Wall time of a worker between two shards against what the shards' searches took."""
    decoder = saved(Network(asked.width), torch.zeros(2, 8), folder)
    job = {"pairs": asked.pairs, "batch": asked.batch, "methods": "straight", **SEARCHED}
    from latentpath import shards

    evaluator = shards.Evaluator(shards.describe(decoder, of=asked.pairs // asked.batch, folder=folder, **job))
    heard, alone = [], []
    evaluator.compute(1)
    for shard in range(2, 2 + asked.rounds):
        begin = time.process_time(), time.monotonic()
        evaluator.compute(shard)
        alone.append((time.process_time() - begin[0], time.monotonic() - begin[1]))
    cluster.evaluate(decoder, workers=1, address=address(asked.engine), out=f"{folder}/run",
                     progress=lambda *told: heard.append(time.monotonic()), **job)
    each = [b - a for a, b in zip(heard, heard[1:])]
    print(f"a shard of {asked.batch} paths alone: {statistics.median(a[0] for a in alone):.3f} s of a core, "
          f"{statistics.median(a[1] for a in alone):.3f} s; handed out ({asked.engine}): {statistics.median(each):.3f} s")


class Classes(torch.nn.Module):
    """[n, 1, 16, 16] → logits of three classes."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(256, 3)

    def forward(self, x):
        return 4 * self.layer(x.flatten(1))


def same_bytes(asked, folder):
    """pairs × linear, spherical, straight × two features, each way; Ray by two workers of this machine."""
    decoder = saved(Network(64), torch.zeros(2, 8), folder)
    torch.manual_seed(1)
    torch.jit.trace(Classes(), torch.zeros(2, 1, 16, 16)).save(f"{folder}/classifier.pt")
    features = [lp.favor(f"{folder}/classifier.pt", 1), lp.avoid(f"{folder}/classifier.pt", 0)]
    job = {"pairs": asked.pairs, "batch": 50, "methods": "linear,spherical,straight", "max_iterations": 5, **SEARCHED,
           "segments": 8, "input_range": (-1, 1)}

    def seven(out):
        from latentpath import shards

        evaluator = shards.Evaluator(shards.describe(decoder, features, of=7, folder=folder, **job))
        for shard in range(1, 8):
            evaluator.save(shard, f"{folder}/shard-{shard}")
        shards.merge([f"{folder}/shard-{shard}" for shard in range(1, 8)], out)

    ways = {"one process": lambda out: lp.evaluate(decoder, features, **job).save(out),
            "seven shards": seven,
            "two processes": lambda out: cluster.evaluate(decoder, features, workers=2, out=out, **job),
            "two workers of Ray": lambda out: cluster.evaluate(decoder, features, workers=2, address="local", out=out, **job)}
    files = {}
    for way, make in ways.items():
        begin, out = time.monotonic(), pathlib.Path(folder) / way
        make(out)
        files[way] = [(out / name).read_bytes() for name in ("table.csv", "paths.csv", "frames.csv", "ends.npy")]
        same = files[way] == files["one process"]
        print(f"{way}: {files[way][1].count(10) - 1} paths, {time.monotonic() - begin:.0f} s, {'the same' if same else 'OTHER'} files",
              flush=True)


def parquet(asked, folder):
    decoder = saved(Chart(), torch.zeros(2, 2), folder)
    run = pathlib.Path(folder) / "run"
    cluster.evaluate(decoder, pairs=1000, batch=1000, methods="linear,spherical", workers=1, out=run, **CHEAP)
    head, *lines = (run / "paths.csv").read_text().splitlines()
    with open(run / "paths.csv", "w") as file:  # the same rows again and again: bytes to read are what matters
        file.write(head + "\n")
        for _ in range(asked.rows // len(lines)):
            file.write("\n".join(lines) + "\n")
    begin = time.monotonic()
    columns = tables.read(run)
    by_csv = time.monotonic() - begin
    begin = time.monotonic()
    tables.to_parquet(run)
    written = time.monotonic() - begin
    times = []
    for chosen in (None, ["cost_refined"]):
        begin = time.monotonic()
        rows = len(tables.read(run, columns=chosen)["cost_refined"])
        times.append(time.monotonic() - begin)
    sizes = [(run / f"paths.{kind}").stat().st_size / 1e6 for kind in ("csv", "parquet")]
    print(f"{rows} rows of {len(columns)} columns: paths.csv {sizes[0]:.0f} MB read in {by_csv:.1f} s; paths.parquet {sizes[1]:.0f} MB "
          f"written in {written:.1f} s, read in {times[0]:.1f} s, one column in {times[1]:.2f} s; memory {megabytes():.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["memory", "efficiency", "overhead", "bytes", "parquet"])
    parser.add_argument("--engine", choices=["processes", "ray"], default="processes")
    for name, default in (("pairs", 200), ("workers", 2), ("rounds", 4), ("batch", 10), ("width", 512), ("rows", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", lp.LatentPathWarning)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        parts = {"memory": memory, "efficiency": efficiency, "overhead": overhead, "bytes": same_bytes, "parquet": parquet}
        parts[asked.part](asked, folder)


if __name__ == "__main__":
    main()
