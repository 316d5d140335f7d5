#!/usr/bin/env python3
"""Paths between molecules by edits of strings, beside those of a run of `latentpath molecules`.

    latentpath molecules --pairs pairs.smi --property logp --out runs/pairs
    benchmarks/string_edits.py runs/pairs [--seed 0]

In the manner of STONED (Nigam et al., Chem. Sci. 2021): both molecules as SELFIES of one length, and the symbols in which
they differ are exchanged one after the other, in random order; every string on the way is a molecule. Orders are drawn until
so many different molecules were valued as the run decoded latents (of the chosen start, times the starts, and on the straight
line: no fewer than it valued); the best of these paths by its best molecule stays. Values are RDKit's. Pairs without an edit
between them are left out, and said. Needs PyPI's selfies and rdkit."""

import argparse
import json
import pathlib
import random
import statistics
import sys

import selfies
from rdkit import Chem, RDConfig, RDLogger
from rdkit.Chem import QED, Crippen

sys.path.append(f"{RDConfig.RDContribDir}/SA_Score")
import sascorer  # noqa: E402

VALUES = {"logp": Crippen.MolLogP, "qed": QED.qed, "sa": sascorer.calculateScore}
NOTHING = "[nop]"
MAX_ORDERS = 1000  # of a pair whose strings make too few molecules


class Valued:
    """Properties of molecules, each molecule once."""

    def __init__(self, value):
        self.value = value
        self.known = {}

    def __call__(self, smiles):
        if smiles not in self.known:
            molecule = Chem.MolFromSmiles(smiles)
            self.known[smiles] = None if molecule is None else (self.value(molecule), QED.qed(molecule), sascorer.calculateScore(molecule))
        return self.known[smiles]


def exchanged(start, end, order, ends):
    """Canonical SMILES of the strings between, one symbol after the other taken from the end; none of `ends`."""
    symbols, seen = list(start), []
    for position in order[:-1]:
        symbols[position] = end[position]
        smiles = selfies.decoder("".join(symbol for symbol in symbols if symbol != NOTHING))
        molecule = Chem.MolFromSmiles(smiles) if smiles else None
        if molecule is None or "." in smiles:
            continue
        canonical = Chem.MolToSmiles(molecule)
        if canonical not in ends and (not seen or seen[-1] != canonical):
            seen.append(canonical)
    return seen


def best_of(values, maximise):
    return max(values) if maximise else min(values)


def edited(start, end, valued, budget, maximise, dice):
    """The properties along the best path of string edits; none where there is no string between, or no SELFIES."""
    ends = {Chem.CanonSmiles(smiles) for smiles in (start, end)}
    first, last = (list(selfies.split_selfies(selfies.encoder(smiles))) for smiles in (start, end))
    length = max(len(first), len(last))
    first += [NOTHING] * (length - len(first))
    last += [NOTHING] * (length - len(last))
    differ = [i for i in range(length) if first[i] != last[i]]
    paths = []
    for _ in range(MAX_ORDERS if len(differ) > 1 else 0):
        if len(valued.known) >= budget:
            break
        order = differ[:]
        dice.shuffle(order)
        path = [value for value in map(valued, exchanged(first, last, order, ends)) if value is not None]
        if path:
            paths.append(path)
    return max(paths, key=lambda path: (1 if maximise else -1) * best_of([v[0] for v in path], maximise), default=[])


def figures(paths, straight, threshold, maximise):
    """What is told of a method: paths and straight lines of (value, QED, SA), some of which hold no molecule."""
    passes = (lambda value: value > threshold) if maximise else (lambda value: value < threshold)
    better = (lambda a, b: a > b) if maximise else (lambda a, b: a < b)
    best = lambda path: best_of([v[0] for v in path], maximise)  # noqa: E731
    mean = lambda path: statistics.mean(v[0] for v in path)  # noqa: E731
    share = lambda hits: f"{statistics.mean(hits):.0%}"  # noqa: E731
    beats = lambda of: "" if paths is straight else share(  # noqa: E731
        [bool(path) and (not line or better(of(path), of(line))) for path, line in zip(paths, straight)])
    some = [path for path in paths if path]
    return [beats(best), beats(mean), share([any(passes(v[0]) for v in path) for path in paths]),
            share([any(passes(v[0]) and v[1] >= 0.6 and v[2] <= 4 for v in path) for path in paths]),
            f"{statistics.median(map(best, some)):.2f}", f"{statistics.median(map(mean, some)):.2f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    RDLogger.DisableLog("rdApp.*")
    run = json.loads((asked.run / "run.json").read_text())
    sought = run["property"]
    name = sought["name"]
    if name not in VALUES:
        sys.exit(f"{asked.run}: string edits value logp, qed and sa, and not {name}")
    starts = run["options"]["starts"]
    dice = random.Random(asked.seed)
    ours, straight, circle, edits = [], [], [], []
    for pair, molecules in zip(run["summary"]["pairs"], run["molecules"]):
        between = lambda steps: [(s["value"], s["qed"], s["sa"]) for s in steps if not s["given"]]  # noqa: E731
        path, line, round_ = (between(molecules.get(steps, [])) for steps in ("steps", "linear_steps", "spherical_steps"))
        if not path:
            continue
        budget = starts * pair["path"]["decoded"] + pair["linear"]["decoded"]
        start, end = (molecules["steps"][i]["smiles"] for i in (0, -1))
        valued = Valued(VALUES[name])
        try:
            found = edited(start, end, valued, budget, sought["maximise"], dice)
        except selfies.EncoderError as error:
            print(f"left out, {start} or {end} has no SELFIES: {error}", file=sys.stderr)
            continue
        if not found:
            print(f"left out, no string between {start} and {end} is another molecule", file=sys.stderr)
            continue
        if len(valued.known) < budget:
            print(f"{len(valued.known)} molecules of {budget} between {start} and {end}", file=sys.stderr)
        ours.append(path), straight.append(line), edits.append(found)
        if "spherical_steps" in molecules:  # a loop has none
            circle.append((round_, line))
    print(f"{len(ours)} pairs, {name} {'above' if sought['maximise'] else 'below'} {sought['threshold']:g}")
    print("| | best beats the straight line's | mean beats it | reached | and QED ≥ 0.6, SA ≤ 4 | median best | median mean |")
    print("|---|---|---|---|---|---|---|")
    rows = [("latentpath", ours, straight), ("string edits", edits, straight), ("straight line", straight, straight),
            *([("great circle", *map(list, zip(*circle)))] if circle else [])]
    for title, paths, lines in rows:
        print("| " + " | ".join([title, *figures(paths, lines, sought["threshold"], sought["maximise"])]) + " |")


if __name__ == "__main__":
    main()
