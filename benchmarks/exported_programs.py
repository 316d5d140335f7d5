#!/usr/bin/env python3
"""Writes NAME.pt2 and NAME.pt of the same modules into a folder, for benchmark_exported_programs. Needs torch 2.6."""

import pathlib
import sys

import torch
from torch import nn


class Attention(nn.Module):
    """Two blocks on 16 tokens of 64 numbers."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(16, 16 * 64)
        self.blocks = nn.ModuleList(nn.ModuleList([nn.LayerNorm(64), nn.Linear(64, 192), nn.Linear(64, 64), nn.LayerNorm(64),
                                                   nn.Linear(64, 128), nn.Linear(128, 64)]) for _ in range(2))
        self.end = nn.Linear(64, 48)

    def forward(self, z):
        x = self.embed(z).view(-1, 16, 64)
        for norm, into, out, second, up, down in self.blocks:
            q, k, v = into(norm(x)).view(-1, 16, 3, 4, 16).permute(2, 0, 3, 1, 4).unbind(0)
            a = torch.softmax(q @ k.transpose(-1, -2) / 4, -1) @ v
            x = x + out(a.transpose(1, 2).reshape(-1, 16, 64))
            x = x + down(nn.functional.gelu(up(second(x))))
        return self.end(x)


def dcgan():
    return nn.Sequential(nn.Unflatten(1, (16, 1, 1)), nn.ConvTranspose2d(16, 64, 4), nn.BatchNorm2d(64), nn.ReLU(),
                         nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
                         nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
                         nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Tanh())


def perceptron():
    """Small, so that the overhead of each call counts."""
    return nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 8))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    for name, module in {"dcgan": dcgan(), "attention": Attention(), "perceptron": perceptron()}.items():
        module.eval()
        z = torch.randn(2, 16)
        torch.jit.trace(module, z).save(str(folder / f"{name}.pt"))
        program = torch.export.export(module, (z,), dynamic_shapes=({0: torch.export.Dim("n")},))
        torch.export.save(program, folder / f"{name}.pt2", extra_files={"latent_dim": "16"})


if __name__ == "__main__":
    main()
