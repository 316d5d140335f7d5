"""The table of an evaluation as Markdown: means with their standard errors.

    python3 experiments/markdown_table.py runs/NAME/table.csv
"""

import csv
import math
import sys

HEADINGS = {
    "class_ratio": "class ratio",
    "mean_quality": "mean Q",
    "min_quality": "lowest Q",
    "min_quality_over_ends": "lowest Q / ends'",
    "cost_refined": "refined cost",
    "embedding_length": "length in image space",
    "smoothness": "largest / mean step",
    "even_smoothness": "spaced evenly",
    "mean_negative_log_density": "mean −log p(x)",
    "worst_negative_log_density": "worst −log p(x)",
    "decoder_evaluations": "decoded",
    "seconds": "s",
}


def with_error(mean, error):
    """Two digits of the error; three digits where there is none."""
    if not mean:
        return "–"
    mean = float(mean)
    if not error or float(error) == 0:
        return f"{mean:.0f}" if abs(mean) >= 1000 else f"{mean:.3g}"
    place = math.floor(math.log10(float(error)))
    if not -5 <= place <= 6:
        return f"{mean:.3g}"
    decimals = max(0, 1 - place)
    return f"{mean:.{decimals}f} ± {float(error):.{decimals}f}"


def main(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    several = len({row["epsilon"] for row in rows}) > 1
    figures = [name for name in HEADINGS if name in rows[0]]
    print("| " + " | ".join(["feature"] + ["ε"] * several + ["method"] + [HEADINGS[name] for name in figures] + ["n", "failed"]) + " |")
    print("|---" * (4 + several + len(figures)) + "|")
    for row in rows:
        cells = [row["feature"]] + [row["epsilon"]] * several + [row["method"]]
        cells += [with_error(row[name], row[name + "_se"]) for name in figures]
        cells += [str(int(row["pairs"]) - int(row["failures"])), row["failures"]]
        print("| " + " | ".join(cells) + " |")


main(sys.argv[1])
