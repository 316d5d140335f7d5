"""The site of the documentation (docs/site/conf.py) refuses what is broken, and draws what stands in the pages. Skipped where Sphinx is
not installed."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PACKAGES = ("sphinx", "myst_parser", "nbsphinx", "furo")
if any(importlib.util.find_spec(name) is None for name in PACKAGES) or not shutil.which("pandoc"):
    pytest.skip("scripts/setup --docs installs what the site is made with", allow_module_level=True)

PAGES = {
    "README.md": "# Front\n\n[a page](docs/page.md#a-part), [source](code.cpp)\n\n"
                 '<img src="docs/dot.png" width="40" alt="A dot: black">\n',
    "code.cpp": "int main() {}\n",
    "docs/page.md": "# Page\n\n## A part\n\nW_i d_{i+1}, a_file_name, `z_i`\n\n    Σ_k r_ik = min_j s_j\n\nand\n\n    find x_y\n",
    "docs/algorithms/find_path.md": "# find_path\n",
    "docs/notebooks/one.ipynb": '{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# One\\n", "\\n", "$z_0^2$"]}], '
                                '"metadata": {}, "nbformat": 4, "nbformat_minor": 4}',
}


def site(folder, changes=None):
    """The site of a small tree, and what Sphinx says."""
    (folder / "docs" / "site").mkdir(parents=True)
    for file in (ROOT / "docs" / "site").glob("*.*"):
        shutil.copy(file, folder / "docs" / "site")
    shutil.copy(ROOT / "docs" / "images" / "disc.png", folder / "docs" / "dot.png")
    (folder / "CMakeLists.txt").write_text("project(latentpath VERSION 1.2.3 LANGUAGES CXX)\n")
    named = ["docs/program", "docs/report", "docs/python", "docs/bringing_a_model", "docs/own_model", "docs/films", "docs/clusters",
             "docs/molecules", "docs/models", "docs/conventions", "docs/architecture", "docs/algorithms/quality",
             "docs/algorithms/cost", "experiments/README", "experiments/figures", "CONTRIBUTING", "CHANGELOG"]
    for name, text in {**{f"{page}.md": "# Another\n" for page in named}, **PAGES, **(changes or {})}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-c", folder / "docs" / "site", "-q", "-W", "--keep-going", folder,
               folder / "site"]
    environment = {name: value for name, value in os.environ.items() if name != "LATENTPATH_PACKAGE"}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment)
    return done.returncode, done.stderr


def test_pages_are_drawn(tmp_path):
    assert site(tmp_path) == (0, "")
    front, page = (tmp_path / "site" / "README.html").read_text(), (tmp_path / "site" / "docs" / "page.html").read_text()
    assert 'alt="A dot: black"' in front and "_images/dot.png" in front and "docs/page.html#a-part" in front and "code.cpp" in front
    assert "W<sub>i</sub> d<sub>i+1</sub>, a_file_name" in page and "z_i" in page
    assert "Σ<sub>k</sub> r<sub>ik</sub> = min<sub>j</sub> s<sub>j</sub>" in page and "find x_y" in page
    assert "<math" in (tmp_path / "site" / "docs" / "notebooks" / "one.html").read_text()
    assert 'src="http' not in front and "README.html" in (tmp_path / "site" / "index.html").read_text()


def test_what_is_missing_is_refused(tmp_path):
    faults = {"[gone](docs/gone.md)": "docs/gone.md", "[part](docs/page.md#lost)": "lost", "![gone](docs/lost.png)": "docs/lost.png",
              "[source](gone.cpp)": "gone.cpp", '<img src="docs/no.png" width="40">': "docs/no.png"}
    status, errors = site(tmp_path, {"README.md": "# Front\n\n" + "\n\n".join(faults) + "\n"})
    assert status != 0 and all(said in errors for said in faults.values()), errors
    assert len(errors.strip().splitlines()) == len(faults), errors
