"""What a search found."""

import base64
import html
import json
import os

import torch

from ._calls import evaluated, function_of, read_model
from ._core import ops
from ._errors import error_of, in_python_words
from ._pictures import write_film, write_strip
from ._strip import frames_in_a_row, image_layout, png, to_pixels

_SHOWN = ("cost_refined", "length", "mean_class_probability", "mean_quality", "min_quality", "quality_of_curve",
          "embedding_length", "least_guard_rank")


class Verdict(str):
    """good, fair or bad; `headline` says it in a sentence, `reasons` why."""

    def __new__(cls, verdict):
        self = super().__new__(cls, verdict.get("level", "none"))
        self._given = verdict
        self.headline = in_python_words(verdict.get("headline", ""))
        self.reasons = [in_python_words(point["text"]) for point in verdict.get("points", [])]
        self.levels = [point["level"] for point in verdict.get("points", [])]
        return self

    def __getnewargs__(self):
        return (self._given,)  # copies and pickles are made of it


class Figures(list):
    """The figures of every pair: figures[0]["path"]["cost_refined"], beside "linear" and "spherical", the straight line
    and the great circle. The same as `summary` in run.json."""

    def column(self, name, curve="path"):
        """One figure of all pairs; None where it does not apply."""
        return [pair.get(curve, {}).get(name) for pair in self]

    def rows(self, pair=0):
        """[(name, [value for each curve])], the curves, for one pair."""
        curves = [curve for curve in ("path", "linear", "spherical") if curve in self[pair]]
        names = [n for n in _SHOWN if any(self[pair][c].get(n) is not None for c in curves)]
        return curves, [(name, [self[pair][curve].get(name) for curve in curves]) for name in names]

    def __repr__(self):
        text = []
        for pair in range(len(self)):
            curves, rows = self.rows(pair)
            if len(self) > 1:
                text.append(f"pair {pair}")
            text.append(f"{'':24}" + "".join(f"{curve:>12}" for curve in curves))
            text += [f"{name:24}" + "".join(f"{_number(value):>12}" for value in values) for name, values in rows]
        return "\n".join(text)


_CURVES = {"path": "LatentPath", "linear": "straight line", "spherical": "great circle"}


def _number(value):
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


class Strip:
    """Frames of a path as a picture: rows of images.

    pixels: [rows · H, frames · W, 3] bytes
    """

    def __init__(self, rows, labels):
        self._rows, self.labels = rows, labels
        self.pixels = torch.cat([frames_in_a_row(row) for row in rows])

    def save(self, file):
        """Writes a PNG file of the images alone, or, with their labels, SVG or PDF with its fonts, as papers want them."""
        ending = os.path.splitext(os.fspath(file))[1].lower()
        if ending in (".svg", ".pdf"):
            write_strip(file, self._rows, [_CURVES.get(label, label) for label in self.labels])
            return
        if ending != ".png":
            raise ValueError(f"a strip is saved as .png, .svg or .pdf, not as {file}")
        with open(file, "wb") as stream:
            stream.write(png(self.pixels))

    def _repr_png_(self):
        return png(self.pixels)


class Run:
    """What every run tells: its summary, its verdict, and what has to be said of it."""

    def __init__(self, record):
        self._record = record
        self.summary = record["summary"]
        self.verdict = Verdict(self.summary.get("verdict", {}))
        self.warnings = [in_python_words(sentence) for sentence in record["warnings"]]
        self.assumptions = [in_python_words(sentence) for sentence in record["assumptions"]]
        self.seed = record["seed"]
        self.interrupted = (record["failure"] or {}).get("kind") == "interrupted"

    def __repr__(self):
        return in_python_words(self._record["text"]).rstrip()

    def _verdict_html(self):
        reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in self.verdict.reasons)
        headline = f"<p><b>{html.escape(self.verdict)}</b>: {html.escape(self.verdict.headline)}</p>"
        return headline + (f"<ul>{reasons}</ul>" if reasons else "")

    def _write(self, folder, overwrite, files):
        """Writes the run folder, with further files {name: a tensor as .npy, or bytes}; whole or not at all."""
        contents = [content if isinstance(content, torch.Tensor) else torch.frombuffer(bytearray(content), dtype=torch.uint8)
                    for content in files.values()]
        answer = json.loads(ops.write(json.dumps(self._record), str(folder), overwrite, list(files), contents))
        if "error" in answer:
            error = answer["error"]
            raise error_of(error["kind"], error["text"].replace("`out`", "`folder`"))


class Path(Run):
    """A path, or a batch of paths.

    nodes: [nodes, D], or [pairs, nodes, D] where ends were given as a batch; the first and last node are the ends
    times: [nodes], from 0 to 1
    figures: costs, lengths and probabilities on refined grids, beside those of the straight line and the great circle
    termination: why the search ended, "converged", …; of a batch a list
    verdict: good, fair or bad, with `.headline` and `.reasons`
    summary: all figures, as in run.json; warnings, assumptions: what has to be said of the run
    interrupted: Ctrl-C ended the search, and this is the best path until then
    """

    def __init__(self, record, nodes, times, points, device, decoder):
        super().__init__(record)
        self.figures = Figures(self.summary["pairs"])
        self._points, self._device, self._decoder = points, device, decoder
        self._nodes, self._times = nodes, times
        self.nodes = points.back(nodes, device)
        self.times = times.to(device, points.dtype)
        endings = [pair["path"].get("termination") for pair in self.summary["pairs"]]
        self.termination = endings[0] if points.single else endings

    def __len__(self):
        return self._nodes.shape[0]

    def at(self, times, curve="path"):
        """Points of the paths at times [T] between 0 and 1, in the shape of `nodes`; curve: path, linear, spherical."""
        curve = "path" if curve == "ours" else curve
        if curve not in _CURVES:
            raise ValueError(f"`curve` is one of {', '.join(_CURVES)}, not {curve!r}")
        query = torch.as_tensor(times, dtype=torch.float64, device="cpu").detach().reshape(-1)
        if ((query < 0) | (query > 1)).any():
            raise ValueError("`times` lie between 0 and 1")
        return self._points.back(ops.curve(curve, self._nodes, self._times, query), self._device)

    @torch.no_grad()
    def decode(self, frames=12, pair=0, curve="path"):
        """What the decoder makes of a path at evenly spaced times, [frames, …]."""
        if self._decoder is None:
            raise TypeError("a geodesic on a chart has no decoder")
        if not 0 <= pair < len(self):
            raise IndexError(f"`pair` must lie between 0 and {len(self) - 1}, and is {pair}")
        points = self.at(torch.linspace(0, 1, frames, dtype=torch.float64, device="cpu"), curve)
        points = points if self._points.single else points[pair]
        decoder = read_model(self._decoder)
        with evaluated([decoder]):
            return function_of(decoder, "decoder", self._device)(points)

    def strip(self, frames=12, pair=0, curves=("linear", "path")):
        """Images along the path, under those along the straight line, as a Strip. For decoders of images."""
        curves = [curves] if isinstance(curves, str) else curves
        rows = [self.decode(frames, pair, curve) for curve in curves]
        low, high = self._record.get("output_range") or (min(r.min() for r in rows), max(r.max() for r in rows))
        return Strip([to_pixels(row, float(low), float(high)) for row in rows], list(curves))

    def animate(self, file, *, fps=30, seconds=4, hold=0, size=None, rows=("ours",), arrange="beside", spacing="arc",
                pairs=16, progress=None):
        """Writes the path as a film, by the file's ending: .mp4 (H.264), .webm (VP9), .gif or .apng. Every frame is
        decoded, none is a blend. For decoders of images.

            path.animate("morph.mp4", fps=30, rows=("ours", "linear"))

        seconds: from one end to the other; hold: that the ends stand still besides
        size: longer side of each image in pixels; None: by how many there are
        rows: "ours", "linear", "spherical"; arrange: a pair's rows "beside" or "below" each other
        spacing: "arc", frames evenly spaced in image space, or "time"
        pairs: that play together, at most

        Returns {"frames", "width", "height", "seconds"}. The file is whole or absent; one that is there is replaced.
        """
        if self._decoder is None:
            raise TypeError("a geodesic on a chart has no decoder")
        options = {"video": os.fspath(file), "fps": float(fps), "seconds": float(seconds), "hold": float(hold),
                   "size": size or 0, "rows": [rows] if isinstance(rows, str) else list(rows), "arrange": arrange,
                   "film-spacing": spacing, "film-pairs": pairs}
        return write_film(self, options, progress)

    def _images(self):
        """Whether the decoder makes images."""
        if self._decoder is None:
            return False
        try:
            return image_layout(self.decode(2).shape[1:]) is not None
        except Exception:  # noqa: BLE001 (a page without a strip is better than none)
            return False

    def save(self, folder, overwrite=False, frames=12):
        """Writes a run folder, as the program's --out: run.json, path.npy, times.npy, and frames/ with the strips. Whole
        or not at all. report.html is not among it: the package has neither OpenCV nor Cairo, which draw it."""
        files = {"path.npy": self._nodes, "times.npy": self._times}
        if self._images():
            for pair in range(min(len(self), 16)):
                files["frames/strip" + (f"-{pair}" if pair else "") + ".png"] = png(self.strip(frames, pair).pixels)
        self._write(folder, overwrite, files)

    def _repr_html_(self):
        parts = []
        if self._images():
            picture = base64.b64encode(png(self.strip().pixels)).decode()
            parts.append(f'<img alt="straight line above, path below" src="data:image/png;base64,{picture}">')
        parts.append(self._verdict_html())
        curves, rows = self.figures.rows()
        head = "<tr><th></th>" + "".join(f"<th>{curve}</th>" for curve in curves) + "</tr>"
        body = "".join(
            f"<tr><th>{name}</th>" + "".join(f"<td>{_number(value)}</td>" for value in values) + "</tr>"
            for name, values in rows
        )
        more = f"<p>Pair 0 of {len(self)}.</p>" if len(self) > 1 else ""
        return "".join(parts) + f"{more}<table>{head}{body}</table>"


class Tour(Path):
    """A path through points in turn: as a Path its legs, a pair from each point to the next, and the whole.

    tour: [nodes, D], through all points, and smooth there
    tour_times: [nodes], shares of the length in image space, from 0 to 1
    """

    def __init__(self, record, nodes, times, points, device, decoder, tour, tour_times):
        super().__init__(record, nodes, times, points, device, decoder)
        self.tour = points.back(tour, device)[0]
        self.tour_times = tour_times[0].to(device, points.dtype)
        self._tour, self._tour_times = tour, tour_times

    def _write(self, folder, overwrite, files):
        super()._write(folder, overwrite, {**files, "tour.npy": self._tour, "tour_times.npy": self._tour_times})
