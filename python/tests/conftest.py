"""Small models whose behaviour is known, and the program to compare with."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest
import torch

torch.set_num_threads(1)


class Decoder(torch.nn.Module):
    """[n, D] → [n, 1, 8, 8] in [−1, 1]."""

    output_range = (-1, 1)

    def __init__(self, dim=2):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(dim, 32), torch.nn.Tanh(), torch.nn.Linear(32, 64))

    def forward(self, z):
        return torch.tanh(self.layers(z)).reshape(-1, 1, 8, 8)


class Classifier(torch.nn.Module):
    """[n, 1, 8, 8] in [−1, 1] → logits of three classes."""

    input_range = (-1, 1)

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(64, 3)

    def forward(self, x):
        return 4 * self.layer(x.flatten(1))


@pytest.fixture
def models():
    torch.manual_seed(3)
    return Decoder().eval(), Classifier().eval()


@pytest.fixture
def ends():
    return torch.tensor([-1.2, 0.4]), torch.tensor([1.1, 0.9])


@pytest.fixture
def program():
    """The program, where it has been built; runs it and gives its output."""
    path = os.environ.get("LATENTPATH_PROGRAM")
    if not path:
        pytest.skip("LATENTPATH_PROGRAM does not name the program")

    def run(*arguments):
        return subprocess.run([path, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    return run


# A search that is over soon.
QUICK = {"segments": 8, "init": "linear", "max_iterations": 3, "guard": "none"}


def pytest_configure():
    # A shell's background jobs ignore it; what Ctrl-C does is tested all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = os.environ.get("LATENTPATH_PACKAGE")
    if folder:
        sys.path.insert(0, str(pathlib.Path(folder).resolve()))
