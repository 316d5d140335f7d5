"""latentpath version: what the program is made of."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from conftest import PROGRAM, environment, run, start


def test_version_as_json():
    facts = json.loads(run("version", "--json").ok().stdout)
    assert list(facts) == ["version", "libtorch", "blas", "blas_kernels", "openmp", "compiler"]
    assert facts["version"] == run("--version").ok().stdout.strip()
    assert re.match(r"\d+\.\d+", facts["libtorch"]) and re.match(r"\d+\.\d+", facts["compiler"])
    for library in ("blas", "openmp"):
        assert facts[library] == "none" or os.path.isfile(facts[library]), library


def test_version_for_people_says_the_same():
    facts = json.loads(run("version", "--json").ok().stdout)
    assert run("version").ok().stdout == "".join(f"{name}: {value}\n" for name, value in facts.items())


def test_kernels_of_openblas_are_for_this_processor_or_as_the_user_says():
    def kernels(**more):
        answer = subprocess.run([PROGRAM, "version", "--json"], env={**environment(), **more}, capture_output=True, check=True)
        return json.loads(answer.stdout)["blas_kernels"]
    if kernels() == "none":
        pytest.skip("no OpenBLAS")
    if " avx2 " in pathlib.Path("/proc/cpuinfo").read_text():
        assert kernels() not in ("Prescott", "Core2", "Penryn", "Nehalem", "Sandybridge")
        assert kernels(OPENBLAS_CORETYPE="Haswell") == "Haswell"
        assert kernels(OPENBLAS_CORETYPE="Prescott") == "Prescott"


def test_waiting_threads_sleep_unless_the_user_says_otherwise():
    def spins(**more):
        answer = subprocess.run([PROGRAM, "version"], env={**environment(), "OMP_DISPLAY_ENV": "verbose", **more}, capture_output=True, text=True)
        return re.search(r"GOMP_SPINCOUNT = '(\d+)'", answer.stdout + answer.stderr).group(1)
    if json.loads(run("version", "--json").ok().stdout)["openmp"].find("libgomp") < 0:
        pytest.skip("another OpenMP")
    assert spins() == "2000"
    assert spins(GOMP_SPINCOUNT="17") == "17"


def test_the_program_keeps_its_name():
    process = start(["explore", "--decoder", "mnist-vae-8", "--port", "0"])
    try:
        process.stdout.readline()
        assert pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip() == "latentpath"
    finally:
        process.kill()
        process.communicate()
