"""The notebooks of docs/notebooks/ run from top to bottom in a kernel, as whoever opens them runs them."""

import json
import os
import pathlib
import sys

import latentpath
import pytest

from test_documentation import pages

NOTEBOOKS = ("my_gan", "my_vae", "my_flow", "my_surface")

if os.environ.get("CI") == "true":  # where nothing is skipped for want of a package
    import ipykernel  # noqa: F401
    import nbclient
    import nbformat
else:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")


def test_all_notebooks_are_known():
    assert {file.stem for file in (pages() / "docs" / "notebooks").glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name, tmp_path, monkeypatch):
    file = pages() / "docs" / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(file, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)  # what it shows is made by whoever runs it
    # The kernel is a process of its own: by this Python, whatever others there are, and with the package that is tested.
    kernel = tmp_path / "jupyter" / "kernels" / "tested" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                                  "display_name": "tested", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", str(pathlib.Path(latentpath.__file__).parents[1]))
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="tested",
                            resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "execute_result"]
    # Runs show themselves as pages with a verdict.
    assert any("good" in output.data.get("text/html", "") for output in shown)
    assert not any(output.output_type == "error" for cell in notebook.cells for output in cell.get("outputs", []))
