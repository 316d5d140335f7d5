#!/usr/bin/env python3
"""Does a setting of the search's stages matter? Each of them is halved and doubled by itself, the others at their defaults.

    benchmarks/stage_settings.py build/release/bin/latentpath [--pairs 6] [--only prune]

Two problems: a favoured class under the time ramp (mnist-vae-8), where stages follow a path's own time, and a prior
without time (mnist-dcgan-8-semicircle), where roadmaps and rounds work. A row says by how many per cent the mean refined
cost and the decoded points of all pairs change; settings that change nothing in a problem are named below the table.
Single settings move the mean cost of so few pairs by some tenths of a per cent by chance."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

PROBLEMS = {
    "feature": ["--decoder", "mnist-vae-8", "--classifier", "mnist-classifier", "--favor", "8", "--odds", "1"],
    "prior": ["--decoder", "mnist-dcgan-8-semicircle", "--prior", "semicircle"],
}


def stage_settings(program):
    """(name, kind, default, powers of 2 alone) of every option under a heading "Stages: …"."""
    text = subprocess.run([program, "interpolate", "--help-all"], check=True, capture_output=True, text=True).stdout
    settings, inside = [], False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            inside = line.startswith("Stages:")
        option = re.match(r"\s+--(\S+) (INT|FLOAT)=(\S+)", line) if inside else None
        if option:
            settings.append([option[1], option[2], float(option[3]), False])
        if inside and settings and "power of 2" in line:
            settings[-1][3] = True
    return settings


def values_of(kind, default):
    if kind == "FLOAT":
        return [default / 2, default * 2]
    return sorted({max(1, int(default) // 2), int(default) * 2} - {int(default)})


def figures(program, problem, pairs, extra, folder):
    """Mean refined cost and decoded points; None where the value is refused."""
    command = [program, "interpolate", *PROBLEMS[problem], "--pairs", os.path.join(folder, problem + ".npy"),
               "--threads", "1", "--json", "--quiet", *extra]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 2:
        return None
    paths = [pair["path"] for pair in json.loads(done.stdout)["pairs"]]
    return (sum(path["cost_refined"] for path in paths) / pairs, sum(path["decoder_evaluations"] for path in paths))


def write_pairs(program, count, folder):
    import numpy
    normal = numpy.random.default_rng(1).standard_normal((count, 2, 8)).astype(numpy.float32)
    numpy.save(os.path.join(folder, "feature.npy"), normal)
    # One end on each arm of the semicircle.
    arms = 0.3 * normal
    arms[:, 0, :2] += (3, 5)
    arms[:, 1, :2] += (3, -5)
    numpy.save(os.path.join(folder, "prior.npy"), arms)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--only", default="", help="the settings whose name contains this")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    settings = [each for each in stage_settings(program) if options.only in each[0]]
    if not settings:
        sys.exit(f"stage_settings.py: no setting's name contains '{options.only}'")
    with tempfile.TemporaryDirectory() as folder:
        write_pairs(program, options.pairs, folder)
        base = {problem: figures(program, problem, options.pairs, [], folder) for problem in PROBLEMS}
        print("| setting | " + " | ".join(f"{problem}: cost | points" for problem in PROBLEMS) + " |")
        print("|---|" + "---|" * (2 * len(PROBLEMS)))
        print("| defaults | " + " | ".join(f"{cost:.4g} | {points}" for cost, points in base.values()) + " |", flush=True)
        idle = []
        for name, kind, default, _ in settings:
            for value in values_of(kind, default):
                cells, moved = [], False
                for problem, (cost, points) in base.items():
                    found = figures(program, problem, options.pairs, [f"--{name}", f"{value:g}"], folder)
                    if found is None:
                        cells += ["refused", ""]
                    elif found == (cost, points):
                        cells += ["", ""]
                    else:
                        moved = True
                        cells += [f"{100 * (found[0] / cost - 1):+.2f} %", f"{100 * (found[1] / points - 1):+.1f} %"]
                if moved:
                    print(f"| `{name}` {value:g} (default {default:g}) | " + " | ".join(cells) + " |", flush=True)
                else:
                    idle.append(f"`{name}` {value:g}")
    print("\nNothing changes with " + ", ".join(idle) + ".")


if __name__ == "__main__":
    main()
