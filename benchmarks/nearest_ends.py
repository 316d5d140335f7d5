#!/usr/bin/env python3
"""Are nearest ends nearer than any of 64 samples of the class, and does the judge see the class there?

    benchmarks/nearest_ends.py build/release/bin/latentpath [--digits 50] [--certainty 0.99] [--decoder mnist-vae-8]

From so many draws of N(0, I) to each class that the start is not of: `--to nearest:C`, against paths to 64 draws to which
the classifier gives the class the same certainty. A path is no shorter than the distance of its ends' images, so that only
those draws are sought a path to which this does not rule out. Needs torch and NumPy."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"


def paths(program, decoder, folder, arguments):
    command = [program, "interpolate", "--decoder", decoder, "--classifier", "mnist-classifier", "--fitted-prior", "none",
               "--threads", "1", "--quiet", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["pairs"]


def probabilities(classifier, images):
    out = classifier(images)
    return out if (out >= 0).all() and torch.allclose(out.sum(1), torch.ones(len(out)), atol=1e-4) else out.softmax(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--digits", type=int, default=50)
    parser.add_argument("--certainty", type=float, default=0.99)
    parser.add_argument("--decoder", default="mnist-vae-8")
    asked = parser.parse_args()
    torch.manual_seed(11)
    torch.set_num_threads(1)
    decoder, classifier = (torch.jit.load(MODELS / f"{name}.pt").eval() for name in (asked.decoder, "mnist-classifier"))
    with torch.no_grad():
        starts = torch.randn(asked.digits, 8)
        images = decoder(starts)
        of = probabilities(classifier, images).argmax(1)
        pool = torch.randn(32768, 8)
        sure = torch.cat([probabilities(classifier, decoder(part)) for part in pool.split(1024)])
    shorter, judged, sought, seconds = [], [], 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for label in range(10):
            ends = pool[sure[:, label] >= asked.certainty][:64]
            others = [i for i in range(asked.digits) if of[i] != label]
            np.save(f"{folder}/starts.npy", starts[others].numpy())
            free = paths(asked.program.resolve(), asked.decoder, folder,
                         ["--from", "starts.npy", "--to", f"nearest:{label}@{asked.certainty}"])
            seconds += sum(pair["path"]["seconds"] for pair in free)
            with torch.no_grad():
                least = torch.cdist(images[others].flatten(1).double(), decoder(ends).flatten(1).double())
            wanted = [(row, end) for row, pair in enumerate(free) for end in range(len(ends))
                      if least[row, end] < pair["path"]["embedding_length"]]
            best = [float("inf")] * len(others)
            for first in range(0, len(wanted), 500):
                some = wanted[first:first + 500]
                np.save(f"{folder}/pairs.npy", np.stack([np.stack([starts[others[row]].numpy(), ends[end].numpy()])
                                                         for row, end in some]))
                for (row, _), pair in zip(some, paths(asked.program.resolve(), asked.decoder, folder, ["--pairs", "pairs.npy"])):
                    best[row] = min(best[row], pair["path"]["embedding_length"])
            sought += len(wanted)
            for row, pair in enumerate(free):
                length = pair["path"]["embedding_length"]
                shorter.append(length < best[row])
                judged.append(pair["nearest_end"]["judge_probability"])
            print(f"class {label}: {len(others)} starts, {len(ends)} fixed ends, {len(wanted)} paths to them sought; "
                  f"nearer on {np.mean(shorter):.3f} so far, judged >= 0.9 on {np.mean(np.array(judged) >= 0.9):.3f}", flush=True)
    judged = np.array(judged)
    print(f"{asked.decoder}, certainty {asked.certainty}: {len(shorter)} nearest ends, nearer than the best of 64 on "
          f"{100 * np.mean(shorter):.1f} %, by the judge P >= 0.9 on {100 * np.mean(judged >= 0.9):.1f} % (median {np.median(judged):.3f}); "
          f"{sought} paths to fixed ends could not be ruled out; {seconds / len(shorter):.2f} s a path, search of the end apart")


if __name__ == "__main__":
    main()
