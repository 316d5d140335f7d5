"""Loads the compiled core into the torch that is installed."""

import json
import os
import pathlib
import sys


def _kernels_of_openblas():
    """The kernels that OpenBLAS has for a processor which it may be older than, or None: apps/process_start.cpp says why."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    flags = set(facts.get("flags", "").split())
    known = facts.get("vendor_id") == "AuthenticAMD" and int(facts.get("cpu family", 0)) <= 25
    if known or facts.get("vendor_id") not in ("GenuineIntel", "AuthenticAMD"):
        return None
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= flags:
        return "SkylakeX"
    return "Haswell" if {"avx2", "fma"} <= flags else None


# Read by libraries when they are loaded: here where neither torch nor NumPy was before, and by workers in any case. What
# a user has set stays. OpenMP threads that wait spin, by default for so long that on a busy machine they hold each other
# up. OpenBLAS takes a processor newer than itself for a very old one.
if kernels := _kernels_of_openblas():
    os.environ.setdefault("OPENBLAS_CORETYPE", kernels)
if "torch" not in sys.modules:
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")

import torch  # noqa: E402

from ._build import TORCH_VERSION  # noqa: E402


def _release(version):
    return version.split("+")[0].split(".")[:2]


if _release(torch.__version__) != _release(TORCH_VERSION):
    raise ImportError(
        f"this latentpath was built with torch {TORCH_VERSION} and torch {torch.__version__} is installed: build it "
        "again with 'pip install --no-build-isolation --force-reinstall --no-deps .' in a checkout"
    )

torch.ops.load_library(str(pathlib.Path(__file__).with_name("latentpath_core.so")))

ops = torch.ops.latentpath


def build_facts():
    """What this package is made of, for bug reports: versions of it and of LibTorch, the compiler, and the files of
    BLAS and OpenMP that are at work in this process, with the kernels that OpenBLAS has chosen for this processor
    ("none" where there is no such library). As `latentpath version` tells them of the program."""
    return json.loads(ops.version())


__version__ = build_facts()["version"]
