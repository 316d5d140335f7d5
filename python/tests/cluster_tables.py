"""What the tests of tables in shards share: small models' files, a table of them, and how folders are compared."""

import pathlib
import time

import torch

import latentpath as lp
from conftest import Classifier, Decoder

# Six batches of two features by two methods, searches that are over soon.
TABLE = {"pairs": 12, "batch": 2, "methods": "linear,straight", "segments": 8, "max_iterations": 5, "guard": "none", "frames": 9,
         "curves": 3, "latent_dim": 2, "output_range": (-1, 1), "input_range": (-1, 1), "seconds": "off", "threads": 1}


class Slow(Decoder):
    """Some tenths of a second a batch: busy, for a traced model may not sleep."""

    def forward(self, z):
        w = torch.eye(200)
        for _ in range(4):
            w = w @ w
        return super().forward(z) + 0 * w.sum()


def save_models(folder, decoder=Decoder):
    torch.manual_seed(3)
    decoder, classifier = decoder().eval(), Classifier().eval()
    torch.jit.trace(decoder, torch.zeros(2, 2)).save(str(folder / "decoder.pt"))
    torch.jit.trace(classifier, torch.zeros(2, 1, 8, 8)).save(str(folder / "classifier.pt"))
    return str(folder / "decoder.pt"), str(folder / "classifier.pt")


def qualities(classifier):
    return [lp.favor(classifier, 1), lp.avoid(classifier, 0)]


def asked_of(models):
    decoder, classifier = models
    return decoder, qualities(classifier)


def by_one_process(models, folder, **chosen):
    options = {**TABLE, **chosen}
    lp.evaluate(*asked_of(models), **options).save(folder)
    return folder


def check_same_tables(one, other):
    for name in ("table.csv", "paths.csv", "frames.csv", "ends.npy"):
        assert (pathlib.Path(one) / name).read_bytes() == (pathlib.Path(other) / name).read_bytes(), name


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
