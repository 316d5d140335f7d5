"""The documentation as a site (scripts/docs): the pages of the repository as they are.

The source folder is the repository itself, so that README.md is the front page and the pages' links to each other, and to
source files, hold as they stand.
"""

import json
import os
import pathlib
import re
import subprocess

from docutils import nodes

root = pathlib.Path(__file__).resolve().parents[2]

project = "LatentPath"
version = release = re.search(r"project\(latentpath VERSION ([0-9.]+)", (root / "CMakeLists.txt").read_text()).group(1)
language = "en"

extensions = ["myst_parser", "nbsphinx"]
root_doc = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "experiments/*.md", "docs/*.md", "docs/algorithms/*.md",
                    "docs/notebooks/*.ipynb"]
source_suffix = {".md": "markdown"}
nitpicky = True

myst_heading_anchors = 4  # links to headings, as GitHub names them
highlight_language = "none"  # what stands indented is formulas and output

# With LATENTPATH_PACKAGE, the folder of a built package, notebooks are run, and show what they make.
package = os.environ.get("LATENTPATH_PACKAGE")
if package:
    os.environ["PYTHONPATH"] = package
nbsphinx_execute = "always" if package else "never"
nbsphinx_timeout = 600
nbsphinx_requirejs_path = ""

html_theme = "furo"
html_title = f"LatentPath {release}"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_copyright = False

# Pages do not say where they stand. Of a folder, what is not named comes after what is, by its name.
chapters = {
    "Using it": ["docs/program", "docs/report", "docs/python", "docs/bringing_a_model", "docs/own_model", "docs/films",
                 "docs/clusters", "docs/molecules", "docs/models"],
    "Notebooks": ["docs/notebooks/*"],
    "The method": ["docs/conventions", "docs/algorithms/find_path", "docs/algorithms/quality", "docs/algorithms/cost",
                   "docs/algorithms/*"],
    "The project": ["docs/architecture", "docs/*", "experiments/README", "experiments/figures", "CONTRIBUTING", "CHANGELOG"],
}


def contents():
    named = {page for pages in chapters.values() for page in pages}
    text = ""
    for caption, pages in chapters.items():
        listed = []
        for page in pages:
            folder = page.removesuffix("*")
            found = [file.relative_to(root).with_suffix("").as_posix() for file in sorted((root / folder).glob("*.*"))
                     if file.suffix in (".md", ".ipynb")]
            listed += [page] if folder == page else [other for other in found if other not in named]
        text += "\n\n```{toctree}\n:hidden:\n:caption: " + caption + "\n" + "\n".join(listed) + "\n```\n"
    return text


def mathml(formula, display):
    """LaTeX as MathML, which browsers draw by themselves: no script, and nothing from a network."""
    text = f"$${formula}$$" if display else f"${formula}$"
    page = subprocess.run(["pandoc", "--from=markdown", "--to=html", "--mathml"], input=text, capture_output=True, text=True,
                          check=True)
    if page.stderr:
        raise ValueError(f"the formula {formula} cannot be drawn: {page.stderr.strip()}")
    return page.stdout.strip().removeprefix("<p>").removesuffix("</p>")


def write_formula(display):
    def write(translator, node):
        translator.body.append(mathml(node.astext(), display))
        raise nodes.SkipNode

    return write


def image(tag):
    """<img …>, which says a width that Markdown cannot, as a directive: the picture is then copied, and must be there."""
    options = dict(re.findall(r'(\w+)="([^"]*)"', tag.group()))
    source = options.pop("src")
    return "```{image} " + source + "\n" + "".join(f":{name}: {json.dumps(value, ensure_ascii=False)}\n"
                                                    for name, value in options.items()) + "```"


def adapt(app, name, source):
    if name.startswith("docs/notebooks/"):
        return
    source[0] = re.sub(r"^<img [^>]*>$", image, source[0], flags=re.MULTILINE)
    if name == root_doc:
        source[0] += contents()


# z_i and z_{i+1}, in prose and in what stands indented, have subscripts; file_names and options are not of this form.
SUBSCRIPT = re.compile(r"(?<![A-Za-z0-9_'])((?:[^\W\d_]\u0302?'?|∂|∇|min|max))_"
                       r"(\{[^{}]+\}|[A-Za-zα-ωΑ-Ω0-9]{1,2}(?![A-Za-z0-9_]))")


def with_subscripts(text):
    pieces, end = [], 0
    for found in SUBSCRIPT.finditer(text):
        below = found.group(2).strip("{}")
        pieces += [nodes.Text(text[end:found.end(1)]), nodes.subscript("", below)]
        end = found.end()
    return [*pieces, nodes.Text(text[end:])]


def draw_formulas(app, page, name):
    """Subscripts below the line, in text and in blocks that are formulas and no code."""
    for text in list(page.findall(nodes.Text)):
        parent = text.parent
        formula = isinstance(parent, nodes.literal_block) and parent.get("language", "none") in ("none", "default") \
            and not text.astext().isascii()
        if not formula and isinstance(parent, (nodes.FixedTextElement, nodes.literal, nodes.math, nodes.math_block, nodes.raw,
                                               nodes.subscript, nodes.title)):
            continue
        if SUBSCRIPT.search(text.astext()):
            parent.replace(text, with_subscripts(text.astext()))
            if formula:
                parent["classes"].append("formula")


def write_index(app, error):
    if not error and app.builder.format == "html":
        page = f'<!DOCTYPE html><meta charset="utf-8"><title>{html_title}</title><meta http-equiv="refresh" content="0; url=README.html">'
        (pathlib.Path(app.outdir) / "index.html").write_text(page)


def setup(app):
    app.add_html_math_renderer("mathml", inline_renderers=(write_formula(False), None), block_renderers=(write_formula(True), None))
    app.connect("source-read", adapt)
    app.connect("doctree-resolved", draw_formulas)
    app.connect("build-finished", write_index)


html_math_renderer = "mathml"
