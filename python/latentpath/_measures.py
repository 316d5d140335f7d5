"""A path between samples of points, as measures() finds it."""

import torch

from ._path import Figures, Run


class MeasurePath(Run):
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
        super().__init__(record)
        self.figures = Figures(self.summary["pairs"])
        self._points, self._times, self._weights = points, times, weights
        self.points = points[0].to(device, dtype)
        steps, count = self.points.shape[:2]
        if weights.numel():
            self.weights = weights[0].to(device, dtype)
        else:
            self.weights = torch.full((steps, count), 1 / count, device=device, dtype=dtype)
        self.times = times.to(device, dtype)
        self.termination = self.summary["pairs"][0]["path"]["termination"]

    def __len__(self):
        return self.points.shape[0]

    def save(self, folder, overwrite=False):
        """Writes a run folder, as the program's --out: run.json, path.npy, times.npy, and weights.npy where weights differ.
        Whole or not at all."""
        files = {"path.npy": self._points, "times.npy": self._times}
        if self._weights.numel():
            files["weights.npy"] = self._weights
        self._write(folder, overwrite, files)
