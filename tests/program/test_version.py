"""latentpath version: what the program is made of."""

import json
import os
import re

from conftest import run


def test_version_as_json():
    facts = json.loads(run("version", "--json").ok().stdout)
    assert list(facts) == ["version", "libtorch", "blas", "openmp", "compiler"]
    assert facts["version"] == run("--version").ok().stdout.strip()
    assert re.match(r"\d+\.\d+", facts["libtorch"]) and re.match(r"\d+\.\d+", facts["compiler"])
    for library in ("blas", "openmp"):
        assert facts[library] == "none" or os.path.isfile(facts[library]), library


def test_version_for_people_says_the_same():
    facts = json.loads(run("version", "--json").ok().stdout)
    assert run("version").ok().stdout == "".join(f"{name}: {value}\n" for name, value in facts.items())
