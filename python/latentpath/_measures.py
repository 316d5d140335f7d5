"""A path between samples of points, as measures() finds it."""

import os

import torch

from ._path import Figures, Run
from ._pictures import write_measure_film


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

    def animate(self, file, *, fps=30, seconds=4, hold=0, size=None, progress=None):
        """Writes a film of the points on their way over both samples, by the file's ending: .mp4 (H.264), .webm (VP9),
        .gif or .apng. Of more than two coordinates the first two principal axes of the samples are seen.

        seconds: from one sample to the other; hold: that the ends stand still besides; size: side of the square in pixels,
        512 for None

        Returns {"frames", "width", "height", "seconds"}. The file is whole or absent; one that is there is replaced.
        """
        options = {"video": os.fspath(file), "fps": float(fps), "seconds": float(seconds), "hold": float(hold), "size": size or 0}
        return write_measure_film(self, options, progress)

    def save(self, folder, overwrite=False):
        """Writes a run folder, as the program's --out: run.json, path.npy, times.npy, and weights.npy where weights differ.
        Whole or not at all."""
        files = {"path.npy": self._points, "times.npy": self._times}
        if self._weights.numel():
            files["weights.npy"] = self._weights
        self._write(folder, overwrite, files)
