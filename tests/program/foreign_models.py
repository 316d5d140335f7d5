"""Models of other people: small TorchScript files as Python's torch saves them, whose truth is known.

The image decoders paint one blob, and the latent says where: coordinate k of the blob's centre is
0.5 + 0.32 tanh(z_k / 1.5), in units of the image's width. The image classifiers look for the blob's centre
of mass and call it by the nearest of ten places, softly. Nine places lie in a row along the top of the
image, class 8 alone lies low in the middle. So between two points with z_1 < 0 the straight line never sees
an eight, and a path that wants one has to bend towards larger z_1.

    python3 tests/program/foreign_models.py FOLDER      # writes them all, to try the program by hand
"""

import sys
import warnings
from pathlib import Path
from typing import List

import torch
from torch import Tensor, nn

SIZE = 28
FAVOURED = 8


def centres(size: int) -> Tensor:
    """The pixel centres of an image's row, in units of its width."""
    return (torch.arange(size) + 0.5) / size


class Painter(nn.Module):
    """Centres [n, 2] -> images [n, 1, 28, 28] with values in (-1, 1), as a tanh layer gives them. `size` is the
    blob's, in units of the image's width: small blobs leave their own place at the least move."""

    def __init__(self, size: float = 0.16):
        super().__init__()
        self.size = size
        self.register_buffer("axis", centres(SIZE))

    def forward(self, centre: Tensor) -> Tensor:
        x = self.axis.view(1, 1, -1) - centre[:, 0].view(-1, 1, 1)
        y = self.axis.view(1, -1, 1) - centre[:, 1].view(-1, 1, 1)
        blob = torch.exp(-(x * x + y * y) / (2 * self.size * self.size))
        return torch.tanh(3 * blob - 1.5).unsqueeze(1)


class TanhDecoder(nn.Module):
    """[n, 2] -> [n, 1, 28, 28] in [-1, 1]; says so in its attributes."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.output_range = [-1.0, 1.0]
        self.painter = Painter()

    def forward(self, z: Tensor) -> Tensor:
        return self.painter(0.5 + 0.32 * torch.tanh(z / 1.5))


class SilentDecoder(nn.Module):
    """The same map without any attribute."""

    def __init__(self):
        super().__init__()
        self.painter = Painter()

    def forward(self, z: Tensor) -> Tensor:
        return self.painter(0.5 + 0.32 * torch.tanh(z / 1.5))


class SigmoidDecoder(nn.Module):
    """The same images in [0, 1], as a sigmoid layer gives them."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.output_range = (0.0, 1.0)
        self.painter = Painter()

    def forward(self, z: Tensor) -> Tensor:
        return (self.painter(0.5 + 0.32 * torch.tanh(z / 1.5)) + 1) / 2


class MixedDecoder(nn.Module):
    """The same map through a parameter matrix, so that it accepts its parameters' dtype only, and with
    dropout and batch normalisation, which must be in eval mode to be the same map."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.output_range = [-1.0, 1.0]
        self.mix = nn.Linear(2, 2)
        with torch.no_grad():
            self.mix.weight.copy_(torch.eye(2) / 1.5)
            self.mix.bias.zero_()
        self.norm = nn.BatchNorm1d(2, eps=0.0)
        self.drop = nn.Dropout(0.5)
        self.painter = Painter()

    def forward(self, z: Tensor) -> Tensor:
        return self.painter(0.5 + 0.32 * torch.tanh(self.drop(self.norm(self.mix(z)))))


class ListDecoder(nn.Module):
    """A structured latent of shapes [2, 3] and [4]: ten numbers, of which four move the blob."""

    def __init__(self):
        super().__init__()
        self.latent_shapes = [[2, 3], [4]]
        self.output_range = [-1.0, 1.0]
        self.painter = Painter()

    def forward(self, latents: List[Tensor]) -> Tensor:
        matrix, vector = latents[0], latents[1]
        x = 0.8 * matrix[:, 0, 0] + 0.6 * matrix[:, 1, 2]
        y = 0.8 * vector[:, 0] + 0.6 * vector[:, 3]
        return self.painter(0.5 + 0.32 * torch.tanh(torch.stack([x, y], 1) / 1.5))


class SilentListDecoder(nn.Module):
    """The same without `latent_shapes`."""

    def __init__(self):
        super().__init__()
        self.output_range = [-1.0, 1.0]
        self.painter = Painter()

    def forward(self, latents: List[Tensor]) -> Tensor:
        matrix, vector = latents[0], latents[1]
        x = 0.8 * matrix[:, 0, 0] + 0.6 * matrix[:, 1, 2]
        y = 0.8 * vector[:, 0] + 0.6 * vector[:, 3]
        return self.painter(0.5 + 0.32 * torch.tanh(torch.stack([x, y], 1) / 1.5))


class VectorDecoder(nn.Module):
    """[n, 2] -> [n, 5]: no image at all. The first two numbers are the place."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2

    def forward(self, z: Tensor) -> Tensor:
        centre = 0.5 + 0.32 * torch.tanh(z / 1.5)
        return torch.cat([centre, centre * centre, centre[:, :1] * centre[:, 1:]], 1)


class SlowDecoder(nn.Module):
    """The blob again, and much idle work on every call: for tests that interrupt."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.output_range = [-1.0, 1.0]
        self.register_buffer("idle", torch.eye(600))
        self.painter = Painter()

    def forward(self, z: Tensor) -> Tensor:
        work = self.idle + 0.0 * z.detach().sum()
        for _ in range(8):
            work = work @ self.idle
        return self.painter(0.5 + 0.32 * torch.tanh(z / 1.5) + 0.0 * (work.sum() - 600))


class NanDecoder(nn.Module):
    """Images that are not numbers as soon as z_0 > 0."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2
        self.output_range = [-1.0, 1.0]
        self.painter = Painter()

    def forward(self, z: Tensor) -> Tensor:
        images = self.painter(0.5 + 0.32 * torch.tanh(z / 1.5))
        return images + torch.log((z[:, 0] <= 0).to(images.dtype) - 0.5).view(-1, 1, 1, 1)


class RaisingDecoder(nn.Module):
    """Fails by itself, with a sentence of its own."""

    def __init__(self):
        super().__init__()
        self.latent_dim = 2

    def forward(self, z: Tensor) -> Tensor:
        if z.size(1) == 2:
            raise ValueError("the furnace is out of coal")
        return z


def anchors() -> Tensor:
    """The ten places, [10, 2]: a row along the top, and class 8 low in the middle."""
    row = torch.stack([torch.linspace(0.1, 0.9, 10), torch.full((10,), 0.3)], 1)
    row[FAVOURED] = torch.tensor([0.5, 0.75])
    return row


class Judge(nn.Module):
    """Places [n, 2] -> logits [n, 10]."""

    def __init__(self):
        super().__init__()
        self.register_buffer("anchors", anchors())

    def forward(self, centre: Tensor) -> Tensor:
        difference = centre.unsqueeze(1) - self.anchors.unsqueeze(0)
        return -(difference * difference).sum(2) / (2 * 0.12 * 0.12)


class Eye(nn.Module):
    """Images [n, 1, size, size] in [0, 1] -> the blob's centre of mass [n, 2]. On another range than [0, 1]
    the paper weighs as much as the blob, and the centre is somewhere else."""

    def __init__(self, size: int):
        super().__init__()
        self.size = size
        self.register_buffer("axis", centres(size))

    def forward(self, images: Tensor) -> Tensor:
        if images.dim() != 4 or images.size(1) != 1 or images.size(2) != self.size or images.size(3) != self.size:
            raise ValueError("images of another shape than this classifier was trained on")
        weight = images.squeeze(1)
        weight = weight * weight
        mass = weight.sum([1, 2]) + 1e-6
        x = (weight.sum(1) * self.axis).sum(1) / mass
        y = (weight.sum(2) * self.axis).sum(1) / mass
        return torch.stack([x, y], 1)


class Classifier(nn.Module):
    """Logits [n, 10] of images in [0, 1], or of what `scale` and `shift` turn into [0, 1]."""

    def __init__(self, size: int = SIZE, scale: float = 1.0, shift: float = 0.0):
        super().__init__()
        self.scale = scale
        self.shift = shift
        self.eye = Eye(size)
        self.judge = Judge()

    def forward(self, images: Tensor) -> Tensor:
        return self.judge(self.eye(images * self.scale + self.shift))


class UnitClassifier(Classifier):
    """Says that it was trained on [0, 1]."""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]


class SignedClassifier(Classifier):
    """Says that it was trained on [-1, 1]."""

    def __init__(self):
        super().__init__(scale=0.5, shift=0.5)
        self.input_range = [-1.0, 1.0]


MEAN, DEVIATION = 0.1307, 0.3081


class NormalisedClassifier(Classifier):
    """Trained on (image - 0.1307) / 0.3081 of images in [0, 1]; says so."""

    def __init__(self):
        super().__init__(scale=DEVIATION, shift=MEAN)
        self.input_mean = [MEAN]
        self.input_std = [DEVIATION]


class ProbabilityClassifier(nn.Module):
    """The same opinion as probabilities."""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]
        self.logits = Classifier()

    def forward(self, images: Tensor) -> Tensor:
        return torch.softmax(self.logits(images), 1)


class BinaryClassifier(nn.Module):
    """One logit [n, 1]: is the blob low in the image?"""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]
        self.eye = Eye(SIZE)

    def forward(self, images: Tensor) -> Tensor:
        return 25 * (self.eye(images)[:, 1:] - 0.55)


class TwoClassifier(nn.Module):
    """Two classes only."""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]
        self.logits = Classifier()

    def forward(self, images: Tensor) -> Tensor:
        return self.logits(images)[:, :2]


class ColourClassifier(nn.Module):
    """Takes images of three channels, which a first convolution averages."""

    def __init__(self):
        super().__init__()
        self.input_range = [0.0, 1.0]
        self.grey = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.constant_(self.grey.weight, 1 / 3)
        self.logits = Classifier()

    def forward(self, images: Tensor) -> Tensor:
        return self.logits(self.grey(images))


class LargeClassifier(Classifier):
    """Takes images of 32 x 32 pixels; says so."""

    def __init__(self):
        super().__init__(size=32)
        self.input_range = [0.0, 1.0]
        self.input_shape = [1, 32, 32]


class LargeSilentClassifier(Classifier):
    """Takes images of 32 x 32 pixels, and fails on others."""

    def __init__(self):
        super().__init__(size=32)
        self.input_range = [0.0, 1.0]


class VectorClassifier(nn.Module):
    """Logits of the vector decoder's output [n, 5]."""

    def __init__(self):
        super().__init__()
        self.judge = Judge()

    def forward(self, vectors: Tensor) -> Tensor:
        if vectors.dim() != 2 or vectors.size(1) != 5:
            raise ValueError("vectors of another size than this classifier was trained on")
        return self.judge(vectors[:, :2])


class LatentClassifier(nn.Module):
    """Logits of the latent itself [n, 2]."""

    def __init__(self):
        super().__init__()
        self.judge = Judge()

    def forward(self, z: Tensor) -> Tensor:
        if z.dim() != 2 or z.size(1) != 2:
            raise ValueError("latents of another size than this classifier was trained on")
        return self.judge(0.5 + 0.32 * torch.tanh(z / 1.5))


def traced(module: nn.Module, example: Tensor) -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a trace keeps none of the modules' checks of their input
        return torch.jit.trace(module.eval(), example)


def write_models(folder: Path) -> None:
    """Writes every model as NAME.pt, and the files that are no models."""
    folder.mkdir(parents=True, exist_ok=True)
    z = torch.zeros(3, 2)
    image = torch.rand(3, 1, SIZE, SIZE)
    models = {
        # Decoders.
        "tanh": torch.jit.script(TanhDecoder()),
        "silent": torch.jit.script(SilentDecoder()),
        "tanh_traced": traced(SilentDecoder(), z),
        "sigmoid": torch.jit.script(SigmoidDecoder()),
        "double": torch.jit.script(MixedDecoder().double().eval()),
        "training_mode": torch.jit.script(MixedDecoder().train()),
        "list": torch.jit.script(ListDecoder()),
        "list_silent": torch.jit.script(SilentListDecoder()),
        "vector": torch.jit.script(VectorDecoder()),
        "slow": torch.jit.script(SlowDecoder()),
        "nan": torch.jit.script(NanDecoder()),
        "raising": torch.jit.script(RaisingDecoder()),
        # Classifiers.
        "unit_classifier": torch.jit.script(UnitClassifier()),
        "silent_classifier": torch.jit.script(Classifier()),
        "traced_classifier": traced(Classifier(), image),
        "signed_classifier": torch.jit.script(SignedClassifier()),
        "normalised_classifier": torch.jit.script(NormalisedClassifier()),
        "normalised_silent_classifier": torch.jit.script(Classifier(scale=DEVIATION, shift=MEAN)),
        "probability_classifier": torch.jit.script(ProbabilityClassifier()),
        "binary_classifier": torch.jit.script(BinaryClassifier()),
        "two_classifier": torch.jit.script(TwoClassifier()),
        "colour_classifier": torch.jit.script(ColourClassifier()),
        "large_classifier": torch.jit.script(LargeClassifier()),
        "large_silent_classifier": torch.jit.script(LargeSilentClassifier()),
        "vector_classifier": torch.jit.script(VectorClassifier()),
        "latent_classifier": torch.jit.script(LatentClassifier()),
    }
    for name, model in models.items():
        model.save(str(folder / f"{name}.pt"))
    whole = (folder / "tanh.pt").read_bytes()
    (folder / "truncated.pt").write_bytes(whole[: len(whole) // 2])
    (folder / "text.pt").write_text("This is a letter, not a model.\n")
    (folder / "empty.pt").write_bytes(b"")
    torch.save({"weight": torch.zeros(3)}, folder / "state_dict.pt")


if __name__ == "__main__":
    write_models(Path(sys.argv[1]))
