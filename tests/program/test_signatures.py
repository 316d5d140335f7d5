"""Models as people have them: several inputs, outputs and methods, other shapes and types, and files that cannot be used."""

import struct
import zipfile
import zlib
from typing import Dict, Tuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conftest import check_one_sentence, options, run

D, PIXELS = 4, 48
QUICK = {"segments": 8, "max_iterations": 3, "threads": 1, "quiet": None}


class Layers(nn.Module):
    """Pictures [n, 3, 4, 4] in (0, 1) of latents [n, 4]: what all of the models below are around."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.f = nn.Linear(D, PIXELS)

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(self.f(z)).view(-1, 3, 4, 4)


class Generator(nn.Module):
    """StyleGAN's signature, and a dict."""

    def __init__(self):
        super().__init__()
        self.layers = Layers()
        self.labels = nn.Embedding(5, D)

    def forward(self, label: Tensor, z: Tensor, psi: float) -> Dict[str, Tensor]:
        image = self.layers(psi * z + self.labels(label))
        return {"w": z, "image": 255 * image.permute(0, 2, 3, 1)}


class Spatial(nn.Module):
    """[n, 1, 2, 2], as the latents of diffusion models; half precision."""

    def __init__(self):
        super().__init__()
        self.layers = Layers()

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z.permute(0, 2, 3, 1).reshape(z.shape[0], -1).to(self.layers.f.weight.dtype))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = Layers()
        self.g = nn.Linear(PIXELS, 2 * D)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        code = self.g(x.flatten(1))
        return code[:, 4:], code[:, :4]

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return self.layers(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x)[1])


def rewritten(source, target, change):
    """The archive with its code changed, as other machines and versions of torch would have written it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".debug_pkl"):
                continue
            if name.endswith(".py"):
                data = change(data)
            new.writestr(name.replace(source.stem + "/", target.stem + "/", 1), data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signatures")
    torch.jit.script(Layers()).save(str(folder / "plain.pt"))
    torch.jit.script(Generator()).save(str(folder / "generator.pt"))
    torch.jit.script(Spatial().to(torch.bfloat16)).save(str(folder / "spatial.pt"))
    torch.jit.script(Autoencoder()).save(str(folder / "vae.pt"))
    torch.jit.script(Angles()).save(str(folder / "angles.pt"))
    rewritten(folder / "plain.pt", folder / "newer.pt", lambda code: code.replace(b"torch.sigmoid(", b"torch.sigmoid_of_2030("))
    rewritten(folder / "plain.pt", folder / "custom.pt",
              lambda code: code.replace(b"torch.sigmoid(", b"ops.stylegan2.upfirdn2d("))
    traced = torch.jit.trace(OnDevice(), torch.randn(2, D))
    traced.save(str(folder / "cpu.pt"))
    rewritten(folder / "cpu.pt", folder / "cuda.pt", lambda code: code.replace(b'torch.device("cpu")', b'torch.device("cuda:0")'))
    torch.save(Layers().state_dict(), folder / "weights.pth")
    torch.save(Layers().state_dict(), folder / "legacy.pth", _use_new_zipfile_serialization=False)
    (folder / "pointer.pt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    (folder / "page.pt").write_text("<!DOCTYPE html><html></html>")
    (folder / "model.safetensors").write_bytes(b"\x40\0\0\0\0\0\0\0" + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + b" " * 20)
    (folder / "model.onnx").write_bytes(b"\x08\x07\x12\x07pytorch\x1a\x061.13.0")
    (folder / "network.pkl").write_bytes(b"\x80\x04\x95\x0f\0\0\0\0\0\0\0}\x94\x8c\x04G_ema\x94K\x01s.")
    points = np.array([[1, 0.5, -0.25, 0.125], [-0.5, 2, 0.125, 0.25]], np.float32)
    np.savez(folder / "ends.npz", start=points[0], end=points[1])
    np.savez_compressed(folder / "start.npz", points[0])
    np.savetxt(folder / "end.csv", points[1:], delimiter=",")
    torch.save(torch.tensor(points[0]).view(1, 1, 2, 2).half(), folder / "start.pt")
    torch.save(torch.tensor(points[1]), folder / "end.pt")
    np.save(folder / "label.npy", np.array([3]))
    return folder


class Angles(nn.Module):
    """A chart of two coordinates that states one period."""

    def __init__(self):
        super().__init__()
        self.periods = [6.25]

    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([torch.cos(z), torch.sin(z)], 1)


class OnDevice(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(D, PIXELS)

    def forward(self, z):
        return self.f(z) + torch.zeros(z.shape[0], PIXELS, device=z.device)


def interpolate(folder, out, **chosen):
    return run("interpolate", *options(**{"from_": "1,0.5,-0.25,0.125", "to": "-0.5,2,0.125,0.25", **QUICK, "out": out, **chosen}), out=out)


def lengths(result):
    return result.ok().pairs[0]["linear"]["embedding_length"]


def test_the_same_pictures_by_other_signatures(folder, tmp_path):
    plain = lengths(interpolate(folder, tmp_path / "plain", decoder=folder / "plain.pt"))
    # The label moves both ends by one vector: the truth is that of shifted latents.
    shift = torch.jit.load(str(folder / "generator.pt")).labels.weight[3].detach().numpy()
    ends = [",".join(map(str, np.array(end, np.float32) + shift)) for end in ([0.5, 0.25, -0.125, 0.0625], [-0.25, 1, 0.0625, 0.125])]
    shifted = lengths(interpolate(folder, tmp_path / "shifted", decoder=folder / "plain.pt", from_=ends[0], to=ends[1]))
    settings = tmp_path / "settings.toml"
    settings.write_text(f'decoder = "{folder / "generator.pt"}"\nlatent-input = "z"\ninput = ["label={folder / "label.npy"}", "psi=0.5"]\noutput = "image"\n')
    labelled = interpolate(folder, tmp_path / "labelled", config=settings)
    assert np.isclose(lengths(labelled) / 255, shifted, rtol=1e-4)  # float32 pictures of bytes
    for sentence in ("'label'", "'psi'", "[H, W, C]", "[0, 255]"):
        assert sentence in labelled.stderr
    recorded = labelled.document["options"]
    assert recorded["latent-input"] == "z" and recorded["output"] == "image" and recorded["input"][1] == "psi=0.5"
    assert str(folder) not in (labelled.out / "report.html").read_text()

    vae = interpolate(folder, tmp_path / "vae", decoder=folder / "vae.pt", decoder_method="decode")
    assert np.isclose(lengths(vae), plain, rtol=1e-5)
    # Ends of the latent's own shape tell it; bfloat16 has three digits.
    spatial = interpolate(folder, tmp_path / "spatial", decoder=folder / "spatial.pt", from_=folder / "start.pt", to=folder / "end.pt")
    assert np.isclose(lengths(spatial), plain, rtol=2e-2)
    assert "bfloat16" in spatial.stderr and "[n, 1, 2, 2]" in spatial.stderr
    assert np.allclose(spatial.path[0, 0], [1, 0.5, -0.25, 0.125])


def test_ends_from_files_of_other_programs(folder, tmp_path):
    for number, (start, end) in enumerate([("ends.npz:start", "ends.npz:end"), ("start.npz", "end.csv")]):
        result = interpolate(folder, tmp_path / str(number), decoder=folder / "plain.pt", from_=folder / start, to=folder / end).ok()
        assert np.allclose(result.path[0, [0, -1]], [[1, 0.5, -0.25, 0.125], [-0.5, 2, 0.125, 0.25]])


def test_a_gpu_in_a_constant_is_restated(folder, tmp_path):
    there = interpolate(folder, tmp_path / "cuda", decoder=folder / "cuda.pt")
    assert lengths(there) == lengths(interpolate(folder, tmp_path / "cpu", decoder=folder / "cpu.pt"))
    assert "cuda:0" in there.stderr


REFUSED = {
    "generator.pt": (["'psi'", "--input"], 3),
    "vae.pt": (["decode", "--decoder-method"], 3),
    "newer.pt": (["aten::sigmoid_of_2030", "newer PyTorch"], 3),
    "custom.pt": (["stylegan2::upfirdn2d", "custom operator"], 3),
    "weights.pth": (["weights"], 3),
    "legacy.pth": (["weights"], 3),
    "pointer.pt": (["Git LFS"], 3),
    "page.pt": (["web page"], 3),
    "model.safetensors": (["safetensors"], 3),
    "model.onnx": (["ONNX"], 3),
    "network.pkl": (["pickle"], 3),
}


@pytest.mark.parametrize("file", REFUSED)
def test_what_cannot_work_is_refused_in_a_sentence(file, folder, tmp_path):
    words, code = REFUSED[file]
    result = interpolate(folder, tmp_path / "run", decoder=folder / file, quiet=True)
    assert result.code == code, result.stderr
    check_one_sentence(result, file, *words)
    assert "failure without a message" not in result.stderr and "export the model with torch.jit.script" not in result.stderr


def test_an_attribute_is_not_called_an_option(folder, tmp_path):
    result = run("geodesic", "--embedding", folder / "angles.pt", "--from", "0,0", "--to", "1,1", "--out", tmp_path / "run")
    assert result.code == 3
    check_one_sentence(result, "the attribute periods of", "angles.pt")
    assert "--periods" not in result.stderr


def test_a_picture_through_an_encoder_of_another_signature(folder, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
                                           + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
    picture = torch.tensor(pixels).permute(2, 0, 1).unsqueeze(0).float() / 255
    with torch.no_grad():
        codes = torch.jit.load(str(folder / "vae.pt")).encode(2 * picture - 1)
    for tensor, code in enumerate(codes):
        result = interpolate(folder, tmp_path / str(tensor), decoder=folder / "plain.pt", encoder=folder / "vae.pt", encoder_method="encode",
                             encoder_tensor=tensor, encoder_range="-1,1", encoder_shape="3x4x4", from_=f"image:{tmp_path / 'picture.png'}").ok()
        assert np.allclose(result.path[0, 0], code[0].numpy(), rtol=1e-5, atol=1e-6)


def test_options_that_change_nothing_are_said(folder, tmp_path):
    result = interpolate(folder, tmp_path / "run", decoder=folder / "plain.pt", sharpness=2, odds=2, judge="none", guard="none",
                         encoder=folder / "vae.pt", encoder_method="encode", input_range="0,1").ok()
    for option in ("--sharpness", "--odds", "--judge", "--guard", "--encoder", "--input-range"):
        assert f"{option} changes nothing here" in result.stderr
    equal = interpolate(folder, tmp_path / "equal", decoder=folder / "plain.pt", to="1,0.5,-0.25,0.125").ok()
    assert "the ends are equal" in equal.stderr and "--loop" in equal.stderr


def test_an_embedding_has_a_signature_too(folder, tmp_path):
    """The decoder of an autoencoder is a chart like another: its geodesic starts from the same straight line."""
    ends = ["--from", "1,0.5,-0.25,0.125", "--to=-0.5,2,0.125,0.25"]

    def length(file, *signature):
        out = tmp_path / file
        return run("geodesic", "--embedding", folder / file, *signature, *ends, "--out", out, out=out).ok().pairs[0]["path"]["length"]

    plain = length("plain.pt")
    assert length("vae.pt", "--decoder-method", "decode") == pytest.approx(plain, rel=1e-5)  # float32
    assert length("generator.pt", "--latent-input", "z", "--input", "label=3", "--input", "psi=1", "--output", "image") > 100 * plain

    lost = run("geodesic", "--manifold", "sphere", "--from", "0,0", "--to", "1,1", "--decoder-method", "decode", "--out", tmp_path / "lost")
    assert lost.code == 2 and "--embedding" in lost.stderr, lost.stderr
