#!/usr/bin/env python3
"""In how many pairs one method of a table has the least of a figure: count_pairs.py paths.csv FIGURE METHOD OTHER…

Prints a line for each other method, and one for all of them together; with --times the ratio of seconds besides.
"""

import csv
import sys

file, figure, method, *others = [each for each in sys.argv[1:] if each != "--times"]
with open(file, newline="") as stream:
    rows = list(csv.DictReader(stream))


def column(name, of):
    return {row["pair"]: float(row[of]) for row in rows if row["method"] == name and row[of]}


ours = column(method, figure)
shared = wins = set(ours)
for other in others:
    theirs = column(other, figure)
    both = set(ours) & set(theirs)
    lower = {pair for pair in both if ours[pair] < theirs[pair]}
    print(f"{figure}: {method} below {other} on {len(lower)} of {len(both)} pairs")
    shared, wins = shared & both, wins & lower
    if "--times" in sys.argv:
        mine, its = column(method, "seconds"), column(other, "seconds")
        ratios = sorted(its[pair] / mine[pair] for pair in both)
        print(f"  seconds of {other} over those of {method}: median {ratios[len(ratios) // 2]:.1f}, least {ratios[0]:.1f}, most {ratios[-1]:.1f}")
print(f"{figure}: {method} below all of them on {len(wins)} of {len(shared)} pairs")
