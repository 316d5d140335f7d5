#!/usr/bin/env python3
"""A variational autoencoder of MNIST with 128 latents, and a classifier, as one trains them in PyTorch, saved for LatentPath.

    latentpath data mnist
    examples/own_vae/train.py --data data/mnist --out runs/own_vae      # three minutes of one core

writes decoder.pt, encoder.pt, classifier.pt (traced modules without any attribute) and codes.npy: for 5000 training images a draw of
q(z|x), the latents that the decoder was trained on. docs/own_model.md goes on from there.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LATENTS = 128


def read_idx(file: Path) -> torch.Tensor:
    """An IDX file of unsigned bytes."""
    data = file.read_bytes()
    shape = np.frombuffer(data, ">u4", data[3], 4)
    return torch.from_numpy(np.frombuffer(data, np.uint8, -1, 4 + 4 * len(shape)).reshape(shape).copy())


def read_part(folder: Path, part: str):
    images = read_idx(folder / f"{part}-images-idx3-ubyte")
    return images.unsqueeze(1).float() / 255, read_idx(folder / f"{part}-labels-idx1-ubyte").long()


class Encoder(nn.Module):
    """Images [n, 1, 28, 28] to mean and log variance of q(z|x), [n, 128] each."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(400, LATENTS), nn.Linear(400, LATENTS)

    def forward(self, x):
        h = self.hidden(x)
        return self.mean(h), self.log_variance(h)


def make_decoder():
    """Latents [n, 128] to images [n, 1, 28, 28] in [0, 1]."""
    return nn.Sequential(nn.Linear(LATENTS, 400), nn.ReLU(), nn.Linear(400, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28)))


def make_classifier():
    """Images in [0, 1] to ten logits."""
    return nn.Sequential(nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 5, stride=2), nn.ReLU(), nn.Flatten(),
                         nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10))


def draw(mean, log_variance):
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


def train(images, parameters, loss_of, epochs: int, name: str, batch: int = 128):
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    for epoch in range(epochs):
        total = 0.0
        order = torch.randperm(len(images))
        for chosen in order.split(batch):
            optimizer.zero_grad()
            loss = loss_of(chosen)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        print(f"{name}, epoch {epoch + 1} of {epochs}: loss {total / len(images):.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/mnist"), help="folder that `latentpath data mnist` fills")
    parser.add_argument("--out", type=Path, default=Path("runs/own_vae"))
    parser.add_argument("--epochs", type=int, default=15, help="of the autoencoder")
    parser.add_argument("--classifier-epochs", type=int, default=4)
    parser.add_argument("--codes", type=int, default=5000, help="how many latents codes.npy holds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    images, labels = read_part(given.data, "train")

    encoder, decoder = Encoder(), make_decoder()

    def autoencoder_loss(chosen):
        x = images[chosen]
        mean, log_variance = encoder(x)
        reconstruction = functional.binary_cross_entropy(decoder(draw(mean, log_variance)), x, reduction="sum")
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        return (reconstruction + divergence) / len(chosen)

    train(images, [*encoder.parameters(), *decoder.parameters()], autoencoder_loss, given.epochs, "autoencoder")

    classifier = make_classifier()
    train(images, classifier.parameters(), lambda chosen: functional.cross_entropy(classifier(images[chosen]), labels[chosen]),
          given.classifier_epochs, "classifier")
    with torch.no_grad():
        test_images, test_labels = read_part(given.data, "t10k")
        accuracy = (classifier(test_images).argmax(1) == test_labels).float().mean().item()
        print(f"classifier: {100 * accuracy:.2f} % of the test images")

        z = torch.zeros(2, LATENTS)
        torch.jit.trace(decoder.eval(), z).save(str(given.out / "decoder.pt"))
        torch.jit.trace(encoder.eval(), images[:2]).save(str(given.out / "encoder.pt"))
        torch.jit.trace(classifier.eval(), images[:2]).save(str(given.out / "classifier.pt"))
        # Draws, not means: in the many latents that say nothing of the image, all means are the same.
        np.save(given.out / "codes.npy", draw(*encoder(images[torch.randperm(len(images))[:given.codes]])).numpy())


if __name__ == "__main__":
    main()
