"""The pages that users read: their commands name options that exist, and their Python is Python."""

import re
import shlex
import subprocess

import pytest

from conftest import PROGRAM, REPOSITORY, run

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").rglob("*.md")),
         *sorted((REPOSITORY / "experiments").glob("*.md"))]
# Options of other programs that the pages speak of: cmake, ctest, this project's scripts.
OTHERS = {"--preset", "--build", "--install", "--parallel", "--target", "--data", "--checks", "--changed", "--check",
          "--prefix", "--gtest", "--sshloginfile", "--workdir", "--signal", "--dependency"}


@pytest.fixture(scope="module")
def options():
    """{subcommand: its options}, as --help-all has them."""
    top = run("--help").ok().stdout
    names = re.findall(r"^  ([a-z]+) ", top.split("Subcommands:")[1], re.M)
    assert "interpolate" in names and "geodesic" in names
    return {name: set(re.findall(r"--[a-z][a-z0-9-]*", run(name, "--help-all").ok().stdout)) for name in names}


def blocks(page, language):
    """(line number of the first line, text) of fenced blocks in a language."""
    for match in re.finditer(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S):
        yield page.read_text()[:match.start(1)].count("\n") + 1, match[1]


def commands(page):
    """(line number, words) of every call of the program: in sh blocks, indented blocks and `code`."""
    text = page.read_text()
    joined = re.sub(r"\\\n\s*", lambda match: " " * len(match[0]), text)
    for pattern in (r"^(?:    )?[\w./]*latentpath [a-z].*$", r"`latentpath ([^`]*)`"):
        for match in re.finditer(pattern, joined, re.M):
            line = joined[:match.start()].count("\n") + 1
            try:
                words = shlex.split(match[0].strip().strip("`"), comments=True)
            except ValueError:  # prose with an apostrophe
                continue
            yield line, words[1:]


def test_commands_name_options_that_exist(options):
    unknown, seen = [], 0
    for page in PAGES:
        for line, words in commands(page):
            if not words or words[0] not in options:
                continue
            seen += 1
            for word in words[1:]:
                name = word.split("=")[0]
                if name.startswith("--") and name not in options[words[0]] | {"--help", "--help-all"}:
                    unknown.append(f"{page.relative_to(REPOSITORY)}:{line}: {words[0]} has no {name}")
    assert not unknown, "\n".join(unknown)
    assert seen > 20  # else the pages are written in a way that this test does not see


def test_options_spoken_of_exist(options):
    known = set().union(*options.values()) | OTHERS | {"--help", "--help-all", "--version"}
    # The options of benchmarks and experiments' own scripts are not the program's.
    unknown = []
    for page in PAGES:
        for number, text in enumerate(page.read_text().splitlines(), 1):
            if "benchmark_" in text or "torch.manual_seed" in text:
                continue
            for code in re.findall(r"`([^`]*)`", text):
                for name in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", code):
                    if name not in known:
                        unknown.append(f"{page.relative_to(REPOSITORY)}:{number}: nothing has {name}")
    assert not unknown, "\n".join(unknown)


def test_python_of_the_pages_is_python():
    for page in PAGES:
        for line, text in blocks(page, "python"):
            compile("\n" * (line - 1) + text, str(page), "exec")


def test_shell_of_the_pages_is_shell():
    for page in PAGES:
        for line, text in blocks(page, "sh"):
            checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
            assert checked.returncode == 0, f"{page}:{line}: {checked.stderr}"


def test_scripts_of_the_pages_exist():
    for page in PAGES:
        for name in re.findall(r"(?<![\w/])((?:scripts|experiments|benchmarks)/[\w./-]+)", page.read_text()):
            name = name.rstrip(".")
            assert (REPOSITORY / name).exists(), f"{page.relative_to(REPOSITORY)}: there is no {name}"


def test_links_of_the_pages_lead_somewhere():
    missing = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", page.read_text()):
            name = target[0] or target[1]
            if "://" not in name and not (page.parent / name).exists():
                missing.append(f"{page.relative_to(REPOSITORY)}: {name}")
    assert not missing, "\n".join(missing)


def test_source_files_of_the_pages_exist():
    missing = []
    for page in PAGES:
        for number, text in enumerate(page.read_text().splitlines(), 1):
            for name in re.findall(r"`((?:include|src|tests|apps|examples|cmake)/[\w./-]+)`", text):
                if not (REPOSITORY / name).exists():
                    missing.append(f"{page.relative_to(REPOSITORY)}:{number}: there is no {name}")
    assert not missing, "\n".join(missing)
