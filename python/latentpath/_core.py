"""Loads the compiled core into the torch that is installed."""

import json
import os
import pathlib
import sys

# OpenMP threads that wait spin, by default for so long that on a busy machine they hold each other up. The runtime
# reads this when torch loads it; what a user has set stays.
if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
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
__version__ = json.loads(ops.version())["latentpath"]
