"""A path between samples of points, as measures() finds it."""

import io
import json

import numpy
import torch

from ._core import ops
from ._errors import error_of, in_python_words
from ._path import Figures, Verdict


class MeasurePath:
    """A path of K steps from the sample x to the sample y.

    points: [K + 1, N, d], on the device of x; where the samples differ in size, both are in it and `weights` says how much
        of each
    weights: [K + 1, N], each row of sum 1
    times: [K + 1], from 0 to 1
    figures: cost, steps and lower bound of the path and of the mixture and the displacement beside it
    termination: why the search ended
    verdict: good, fair or bad, with `.headline` and `.reasons`
    summary: all figures, as in run.json; warnings, assumptions: what has to be said of the run
    interrupted: Ctrl-C ended the search, and this is the best path until then
    """

    def __init__(self, record, points, times, weights, device, dtype):
        self._record, self._points, self._times, self._weights = record, points, times, weights
        self.points = points[0].to(device, dtype)
        steps, count = self.points.shape[:2]
        self.weights = weights[0].to(device, dtype) if weights.numel() else torch.full((steps, count), 1 / count, device=device, dtype=dtype)
        self.times = times.to(device, dtype)
        self.summary = record["summary"]
        self.figures = Figures(self.summary["pairs"])
        self.termination = self.summary["pairs"][0]["path"]["termination"]
        self.verdict = Verdict(self.summary.get("verdict", {}))
        self.warnings = [in_python_words(sentence) for sentence in record["warnings"]]
        self.assumptions = [in_python_words(sentence) for sentence in record["assumptions"]]
        self.seed = record["seed"]
        self.interrupted = (record["failure"] or {}).get("kind") == "interrupted"

    def __len__(self):
        return self.points.shape[0]

    def __repr__(self):
        return in_python_words(self._record["text"]).rstrip()

    def save(self, folder, overwrite=False):
        """Writes a run folder, as the program's --out: run.json, path.npy, times.npy, and weights.npy where weights differ.
        Whole or not at all."""
        names, contents = [], []
        if self._weights.numel():
            stream = io.BytesIO()
            numpy.save(stream, self._weights.numpy())
            names.append("weights.npy")
            contents.append(torch.frombuffer(bytearray(stream.getvalue()), dtype=torch.uint8))
        answer = json.loads(ops.write(json.dumps(self._record), str(folder), overwrite, self._points, self._times, names, contents))
        if "error" in answer:
            error = answer["error"]
            raise error_of(error["kind"], error["text"].replace("`out`", "`folder`"))
