"""Models for the reports' tests, beside those of tests/program/foreign_models.py: colours, many latents, and
class names that are no names.

    python3 tests/viewer/report_models.py FOLDER
"""

import sys
from pathlib import Path
from typing import List

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "program"))
import foreign_models  # noqa: E402


class ColourDecoder(torch.nn.Module):
    """[n, 2] -> [n, 3, 28, 28] in [0, 1]: the blob, redder to the right and bluer to the left."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.output_range = [0.0, 1.0]
        self.painter = foreign_models.Painter()

    def forward(self, z: Tensor) -> Tensor:
        blob = (self.painter(0.5 + 0.32 * torch.tanh(z / 1.5)) + 1) / 2
        red = torch.sigmoid(2 * z[:, 0]).view(-1, 1, 1, 1)
        return torch.cat([blob * red, 0.5 * blob, blob * (1 - red)], 1)


class WideDecoder(torch.nn.Module):
    """[n, 64] -> [n, 1, 28, 28]: of 64 latents, all move the blob a little. Has a normal prior."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 64
        self.output_range = [-1.0, 1.0]
        self.prior = "normal"
        self.painter = foreign_models.Painter()
        generator = torch.Generator().manual_seed(3)
        mix = torch.linalg.qr(torch.randn(64, 2, generator=generator))[0]
        self.register_buffer("mix", mix)

    def forward(self, z: Tensor) -> Tensor:
        return self.painter(0.5 + 0.32 * torch.tanh(z @ self.mix / 1.5))


class HoleDecoder(torch.nn.Module):
    """The blob of foreign_models.TanhDecoder, but images that are not numbers within a radius of (0, -3.5),
    where there are few samples of the prior."""

    def __init__(self, radius: float):
        super().__init__()
        self.latent_dim = 2
        self.output_range = [-1.0, 1.0]
        self.radius = radius
        self.painter = foreign_models.Painter()

    def forward(self, z: Tensor) -> Tensor:
        images = self.painter(0.5 + 0.32 * torch.tanh(z / 1.5))
        away = torch.sqrt(z[:, 0] * z[:, 0] + (z[:, 1] + 3.5) * (z[:, 1] + 3.5))
        return torch.where((away < self.radius).view(-1, 1, 1, 1), torch.full_like(images, float("nan")), images)


class WickedClassifier(foreign_models.Classifier):
    """The ten places under names that would be markup if they were not text."""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]
        self.class_names: List[str] = [f"class {i}" for i in range(8)] + [
            "</script><script>document.title='broken'</script>",
            "<img src=x onerror=alert(1)>",
        ]


def write(folder: Path) -> None:
    foreign_models.write_models(folder)
    torch.jit.script(ColourDecoder()).save(str(folder / "colour.pt"))
    torch.jit.script(HoleDecoder(0.5)).save(str(folder / "hole.pt"))
    torch.jit.script(WideDecoder()).save(str(folder / "wide.pt"))
    torch.jit.script(WickedClassifier()).save(str(folder / "wicked_classifier.pt"))
    generator = np.random.default_rng(5)
    np.save(folder / "three.npy", generator.normal(size=(3, 2, 2)).astype(np.float32))
    np.save(folder / "five_hundred.npy", generator.normal(size=(500, 2, 2)).astype(np.float32))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
