"""Films and figures of a path; where the package was built without the part that draws them, what is said."""

import pathlib
import struct

import pytest
import torch

import latentpath as lp
from latentpath import _pictures


@pytest.fixture
def path(models, ends):
    decoder, classifier = models
    return lp.find_path(decoder, *ends, quality=lp.favor(classifier, 1), segments=8, max_iterations=3)


needs_drawing = pytest.mark.skipif(not _pictures._LIBRARY.exists(), reason="this build of the package draws nothing")


def apng(file):
    """(width, height, frames) of an APNG."""
    data, at, facts = pathlib.Path(file).read_bytes(), 8, ()
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            facts += struct.unpack(">II", data[at + 8:at + 16])
        if kind == b"acTL":
            facts += struct.unpack(">I", data[at + 8:at + 12])
        at += 12 + length
    return facts


@needs_drawing
def test_films(path, tmp_path):
    facts = path.animate(tmp_path / "morph.mp4", fps=20, seconds=0.5, size=64)
    assert facts == {"frames": 10, "width": 64, "height": 64, "seconds": 0.5}
    assert b"avc1" in (tmp_path / "morph.mp4").read_bytes()
    told = []
    path.animate(tmp_path / "rows.apng", fps=10, seconds=0.5, hold=0.2, size=32, rows=("ours", "linear"),
                 progress=lambda *state: told.append(state))
    width, height, frames = apng(tmp_path / "rows.apng")
    assert frames == 5 + 2 * 2 and width > 64 and width > height > 32 and told[-1][0] == "film"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["morph.mp4", "rows.apng"]


@needs_drawing
def test_films_of_batches_and_latents_of_any_shape(models, tmp_path):
    decoder, _ = models
    path = lp.find_path(lambda z: decoder(z.flatten(1)), torch.randn(3, 1, 2), torch.randn(3, 1, 2), segments=4, max_iterations=1)
    facts = path.animate(tmp_path / "grid.gif", fps=10, seconds=0.3, size=32)
    assert facts["frames"] == 3 and facts["width"] > 3 * 32
    assert path.animate(tmp_path / "one.gif", fps=10, seconds=0.3, size=32, pairs=1)["width"] == 32


@needs_drawing
def test_films_of_measures(tmp_path):
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    even, uneven = lp.measures(x, x + 2, steps=4), lp.measures(x, x[:2] + 2, kind="mixture", steps=4)
    assert even.animate(tmp_path / "even.mp4", fps=10, seconds=0.5, size=200) == {"frames": 5, "width": 200, "height": 200, "seconds": 0.5}
    told = []
    uneven.animate(tmp_path / "uneven.apng", fps=10, seconds=0.4, hold=0.2, progress=lambda *state: told.append(state))
    assert apng(tmp_path / "uneven.apng") == (512, 512, 4 + 2 * 2) and told[-1][0] == "film"
    with pytest.raises(lp.ArgumentError, match="x.avi"):
        even.animate(tmp_path / "x.avi")

    def ctrl_c(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        even.animate(tmp_path / "stopped.mp4", progress=ctrl_c)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["even.mp4", "uneven.apng"]


@needs_drawing
def test_what_is_no_film_is_refused(path, tmp_path):
    for options, words in (({"file": "x.avi"}, "x.avi"), ({"file": "x.gif", "fps": 60}, "`fps`"), ({"file": "none/x.mp4"}, "does not exist"),
                           ({"file": "x.mp4", "size": 33}, "`size`"), ({"file": "x.mp4", "rows": "curved"}, "`rows`")):
        options["file"] = tmp_path / options["file"]
        with pytest.raises(lp.ArgumentError, match=words):
            path.animate(**options)
    assert list(tmp_path.iterdir()) == []


@needs_drawing
def test_what_the_decoder_raises_is_raised_again(path, tmp_path):
    class Stop(Exception):
        pass

    def broken(z):
        raise Stop("no more")

    path._decoder = broken
    with pytest.raises(Stop, match="no more"):
        path.animate(tmp_path / "x.mp4")
    assert list(tmp_path.iterdir()) == []


@needs_drawing
def test_ctrl_c_leaves_no_film(path, tmp_path):
    decoder, calls = path._decoder, []

    def interrupted_once(z):
        calls.append(len(z))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return decoder(z)

    path._decoder = interrupted_once
    with pytest.raises(KeyboardInterrupt):
        path.animate(tmp_path / "x.mp4")
    assert len(calls) == 3 and list(tmp_path.iterdir()) == []


@needs_drawing
def test_strips_for_papers(path, tmp_path):
    strip = path.strip(frames=4)
    for ending, begins in (("pdf", b"%PDF-"), ("svg", b"<?xml"), ("png", b"\x89PNG")):
        strip.save(tmp_path / f"figure.{ending}")
        assert (tmp_path / f"figure.{ending}").read_bytes().startswith(begins)
    assert b"FontFile" in (tmp_path / "figure.pdf").read_bytes()  # its fonts are in it
    with pytest.raises(ValueError, match="figure.jpg"):
        strip.save("figure.jpg")


def test_a_build_without_drawing_says_so(path, tmp_path, monkeypatch):
    monkeypatch.setattr(_pictures, "_LIBRARY", tmp_path / "latentpath_pictures.so")
    _pictures._ops.cache_clear()
    try:
        for call in (lambda: path.animate(tmp_path / "x.mp4"), lambda: path.strip(4).save(tmp_path / "x.pdf")):
            with pytest.raises(ImportError, match="LATENTPATH_PICTURES=ON"):
                call()
    finally:
        _pictures._ops.cache_clear()
    path.strip(4).save(tmp_path / "x.png")
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.png"]
