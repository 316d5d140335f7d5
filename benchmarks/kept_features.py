#!/usr/bin/env python3
"""What does --keep-features keep? Faces, glasses favoured, with and without features near those of the nearer end.

    benchmarks/kept_features.py build/release/bin/latentpath [--pairs 50] [--threads 1]

The features are the six other attributes: a file that passes pictures to faces-attributes and gives all probabilities but
that of glasses. Distances are of the features themselves, judged here and not by the program: at 65 frames at equal steps of
time, to the nearer of both ends. Needs torch and NumPy."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"
DECODER, CLASSIFIER, FEATURE = "faces-dcgan-8", "faces-attributes", "glasses"
FRAMES = 65


class Others(torch.nn.Module):
    """Probabilities of all attributes but one, of pictures with values in [0, 1] as the program passes them."""

    def __init__(self, classifier, left_out: int):
        super().__init__()
        self.classifier = classifier
        self.left_out = left_out

    def forward(self, images):
        probability = torch.sigmoid(self.classifier(images))
        return torch.cat([probability[:, :self.left_out], probability[:, self.left_out + 1:]], 1)


def found(program, folder, threads, arguments):
    """(paths [pairs, n + 1, D], times, run.json) of a run."""
    command = [program, "interpolate", "--decoder", DECODER, "--classifier", CLASSIFIER, "--favor", FEATURE, "--pairs", "pairs.npy",
               "--threads", str(threads), "--quiet", "--frames", "2", "--out", "run", "--overwrite", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        sys.exit(done.stderr)
    run = pathlib.Path(folder) / "run"
    return np.load(run / "path.npy"), np.load(run / "times.npy"), json.loads((run / "run.json").read_text())


def at_even_times(nodes, times):
    even = np.linspace(0, 1, FRAMES)
    return torch.tensor(np.stack([np.interp(even, times, column) for column in nodes.T], 1), dtype=torch.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    decoder, classifier = (torch.jit.load(MODELS / f"{name}.pt").eval() for name in (DECODER, CLASSIFIER))
    which = list(classifier.class_names).index(FEATURE)
    others = torch.jit.script(Others(classifier, which).eval())
    torch.manual_seed(5)
    pairs = torch.randn(asked.pairs, 2, 8)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        np.save(f"{folder}/pairs.npy", pairs.numpy())
        others.save(f"{folder}/others.pt")
        rows = {}
        for name, arguments in (("without", []), ("`--keep-features`", ["--keep-features", "others.pt"])):
            paths, times, run = found(asked.program.resolve(), folder, asked.threads, arguments)
            distances, probabilities = [], []
            for nodes in paths:
                images = (decoder(at_even_times(nodes, times)) + 1) / 2
                features = others(images)
                distances.append(torch.cdist(features, features[[0, -1]]).min(1).values.mean().item())
                probabilities.append(torch.sigmoid(classifier(images))[:, which].mean().item())
            rows[name] = (np.array(distances), np.array(probabilities))
            seconds = np.mean([pair["path"]["seconds"] for pair in run["summary"]["pairs"]])
            print(f"| {name} | {np.mean(distances):.3f} | {np.max(distances):.3f} | {np.mean(probabilities):.3f} | "
                  f"{np.min(probabilities):.2f} | {seconds:.1f} s |", flush=True)
    (free, free_class), (kept, kept_class) = rows.values()
    print(f"mean distance {kept.mean() / free.mean():.2f} times that without (median over pairs {np.median(kept / free):.2f}, "
          f"at most 0.7 on {np.mean(kept <= 0.7 * free):.0%} of pairs), mean probability {kept_class.mean() / free_class.mean():.2f} times, "
          f"within 0.05 or above on {np.mean(kept_class >= free_class - 0.05):.0%}")


if __name__ == "__main__":
    main()
