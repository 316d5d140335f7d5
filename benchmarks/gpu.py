#!/usr/bin/env python3
"""Compares searches of the Python package with a model on the CPU and the same model on a GPU.

    benchmarks/gpu.py [--threads N] [--pairs 1 32] [--models mnist-vae-8 …] [--cpu-seconds 60] [--csv FILE]

One run of each after a first one of one pair that is not counted, the CPU before the GPU. A row: seconds of the whole call on the CPU
(with `--threads`, all by default) and on the GPU, their ratio, the relative difference of the mean costs found, and the most memory
that tensors held on the GPU. What would take the CPU longer than --cpu-seconds, by its run of one pair, is left out there. Shipped
models are those of models/; `textbook-dcgan` (D = 100, 64x64) and `latent-decoder` (4x32x32 to 256x256, as latent diffusion has
them) have usual sizes and random weights, and few iterations: of them only the time tells something.

LATENTPATH_PACKAGE names a build's package; without it, the one that is installed is taken.
"""

import argparse
import csv
import os
import pathlib
import sys
import time

if os.environ.get("LATENTPATH_PACKAGE"):
    sys.path.insert(0, str(pathlib.Path(os.environ["LATENTPATH_PACKAGE"]).resolve()))
import latentpath as lp
import torch
from torch import nn

MODELS = pathlib.Path(__file__).resolve().parents[1] / "models"
SHIPPED = {"mnist-vae-8": ("mnist-classifier", 8, 8), "mnist-dcgan-8": ("mnist-classifier", 8, 8),
           "faces-dcgan-8": ("faces-attributes", 8, "glasses")}


# Of models with random weights, whose paths mean nothing.
FEW = {"init": "linear", "segments": 32, "max_iterations": 10, "guard": "none"}


class TextbookDcgan(nn.Sequential):
    """Radford, Metz and Chintala 2016: 100 numbers to 3x64x64, 1024 to 128 channels."""

    output_range = (-1, 1)

    def __init__(self):
        def block(a, b, stride, pad):
            return nn.ConvTranspose2d(a, b, 4, stride, pad, bias=False), nn.BatchNorm2d(b), nn.ReLU()

        super().__init__(nn.Unflatten(1, (100, 1, 1)), *block(100, 1024, 1, 0), *block(1024, 512, 2, 1), *block(512, 256, 2, 1),
                         *block(256, 128, 2, 1), nn.ConvTranspose2d(128, 3, 4, 2, 1), nn.Tanh())


class LatentDecoder(nn.Sequential):
    """4x32x32 to 3x256x256 by convolutions, group norms and doublings."""

    output_range = (-1, 1)

    def __init__(self):
        def block(a, b):
            return nn.Upsample(scale_factor=2), nn.Conv2d(a, b, 3, 1, 1), nn.GroupNorm(8, b), nn.SiLU()

        super().__init__(nn.Conv2d(4, 256, 3, 1, 1), nn.SiLU(), *block(256, 128), *block(128, 64), *block(64, 32),
                         nn.Conv2d(32, 3, 3, 1, 1), nn.Tanh())


class Bright(nn.Module):
    """[n, C, H, W] in [-1, 1] → one logit."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(20.0))

    def forward(self, x):
        return self.slope * x.flatten(1).mean(1, keepdim=True)


def case_of(name):
    """The decoder, the classifier, the class, the shape of a latent and the options of a search."""
    if name in SHIPPED:
        classifier, dim, favoured = SHIPPED[name]
        return (torch.jit.load(str(MODELS / f"{name}.pt")).eval(), torch.jit.load(str(MODELS / f"{classifier}.pt")).eval(),
                favoured, (dim,), {})
    torch.manual_seed(0)
    module, shape = {"textbook-dcgan": (TextbookDcgan, (100,)), "latent-decoder": (LatentDecoder, (4, 32, 32))}[name]
    return module().eval(), Bright(), 0, shape, FEW


def measured(name, pairs, device):
    """Seconds, the mean cost, and gigabytes on the GPU."""
    decoder, classifier, favoured, shape, options = case_of(name)
    torch.manual_seed(1)
    ends = [torch.randn(pairs, *shape).to(device) for _ in range(2)]
    decoder, classifier = decoder.to(device), classifier.to(device)
    quality = lp.favor(classifier, favoured)

    def search(count):
        begin = time.perf_counter()
        path = lp.find_path(decoder, *(end[:count] for end in ends), quality=quality, **options)
        return time.perf_counter() - begin, path

    search(1)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds, path = search(pairs)
    cost = sum(pair["path"]["cost_refined"] for pair in path.figures) / pairs
    return seconds, cost, torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else 0


def row_of(name, pairs, on_cpu):
    cpu = measured(name, pairs, "cpu") if on_cpu else None
    gpu = measured(name, pairs, "cuda") if torch.cuda.is_available() else None
    both = cpu and gpu
    return (name, pairs, f"{cpu[0]:.2f}" if cpu else "-", f"{gpu[0]:.2f}" if gpu else "-",
            f"{cpu[0] / gpu[0]:.2f}" if both else "-", f"{abs(gpu[1] - cpu[1]) / cpu[1]:.0e}" if both else "-",
            f"{gpu[2]:.2f}" if gpu else "-")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--models", nargs="+", default=[*SHIPPED, "textbook-dcgan", "latent-decoder"])
    parser.add_argument("--cpu-seconds", type=float, default=60)
    parser.add_argument("--csv")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {gpu}", flush=True)
    rows = [("model", "pairs", "cpu s", "gpu s", "cpu/gpu", "cost differs by", "gpu GB")]
    for name in arguments.models:
        a_pair = 0.0
        for pairs in arguments.pairs:
            rows.append(row_of(name, pairs, on_cpu=a_pair * pairs <= arguments.cpu_seconds))
            if rows[-1][2] != "-":
                a_pair = float(rows[-1][2]) / pairs
            print(*rows[-1], flush=True)
    width = [max(len(str(row[k])) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).rjust(w) for cell, w in zip(row, width)))
    if arguments.csv:
        with open(arguments.csv, "w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows(rows)


if __name__ == "__main__":
    main()
