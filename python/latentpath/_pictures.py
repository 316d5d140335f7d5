"""Films and figures of a path, by the part of the package that draws: OpenCV, Cairo and FFmpeg are behind it."""

import functools
import json
import os
import pathlib

import torch

from ._calls import Search, describe_points_function, evaluated, name_of, read_model
from ._errors import error_of
from ._progress import progress_of

_LIBRARY = pathlib.Path(__file__).with_name("latentpath_pictures.so")


@functools.lru_cache(maxsize=None)
def _ops():
    """The drawing operators, loaded when they are first needed."""
    if not _LIBRARY.exists():
        raise ImportError(
            "films, SVG and PDF are drawn by a part of latentpath that this build has not: install libopencv-dev, "
            "libcairo2-dev, libpango1.0-dev and libavformat-dev, and build again with "
            "'pip install --no-build-isolation -C cmake.define.LATENTPATH_PICTURES=ON .'"
        )
    torch.ops.load_library(str(_LIBRARY))
    return torch.ops.latentpath_pictures


def _answer(text, search=None):
    answer = json.loads(text)
    if search is not None and search.observer_failure is not None:
        raise search.observer_failure
    if "error" not in answer:
        return answer
    error = answer["error"]
    if search is not None and search.failure is not None:
        raise search.failure
    if error["kind"] == "interrupted":
        raise KeyboardInterrupt(error["text"])
    raise error_of(error["kind"], error["text"].replace("`video`", "`file`"))


def write_film(path, options, progress):
    ops = _ops()
    decoder = read_model(path._decoder)

    def decode(points):
        if search.interrupted:  # a film that is cut short is none
            raise KeyboardInterrupt("interrupted: there is no film")
        return decoder(points)

    decode.__name__ = name_of(decoder)
    with Search() as search, progress_of(search, progress), evaluated([decoder]):
        points = path._points
        request = {
            "search": search.number,
            "options": options,
            "decoder": describe_points_function(search, decode, "decoder", path._device, points.dtype, points.latent_shape),
            "output_range": path._record.get("output_range"),
        }
        return _answer(ops.film(json.dumps(request), path._nodes.double(), path._times.double()), search)


def write_measure_film(path, options, progress):
    ops = _ops()

    def go_on():
        if search.interrupted:
            raise KeyboardInterrupt("interrupted: there is no film")
        return torch.empty(0)

    with Search() as search, progress_of(search, progress):
        request = {"search": search.number, "options": options, "go_on": search.register(go_on)}
        return _answer(ops.measure_film(json.dumps(request), path._points[0].double(), path._weights.double().reshape(-1, path._points.shape[2]),
                                        path._times.double()), search)


def write_strip(file, rows, titles):
    """rows: the images of each, [frames, H, W, 3] bytes."""
    _answer(_ops().strip(json.dumps({"file": os.fspath(file), "rows": titles}), rows))
