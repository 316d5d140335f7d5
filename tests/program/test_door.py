"""The door: what a model, a sample or a picture must be is looked at before the search, and said in one sentence."""

import json
import struct
import zlib
from typing import Dict

import numpy as np
import pytest
import torch
from torch import nn

from conftest import check_one_sentence, options, run


class Base(nn.Module):
    """[n, 4] -> [n, 1, 8, 8] in (0, 1)."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.layer = nn.Linear(4, 64)

    def forward(self, z):
        return torch.sigmoid(self.layer(z)).view(-1, 1, 8, 8)


class Bytes(Base):
    def forward(self, z):
        return (255 * torch.sigmoid(self.layer(z))).to(torch.uint8).view(-1, 1, 8, 8)


class Classes(Base):
    def forward(self, z):
        return self.layer(z).view(-1, 16, 4).argmax(2)


class Truth(Base):
    def forward(self, z):
        return self.layer(z).view(-1, 1, 8, 8) > 0


class Complex(Base):
    def forward(self, z):
        x = self.layer(z)
        return torch.complex(x, x)


class Rounded(Base):
    def forward(self, z):
        return torch.round(255 * torch.sigmoid(self.layer(z))).view(-1, 1, 8, 8)


class Detached(Base):
    def forward(self, z):
        return torch.sigmoid(self.layer(z)).detach().view(-1, 1, 8, 8)


class Constant(Base):
    def forward(self, z):
        return torch.zeros(z.size(0), 1, 8, 8)


class Brain(Base):
    """A layer in bfloat16, as exports for accelerators have it."""

    def forward(self, z):
        return torch.sigmoid(self.layer(z).to(torch.bfloat16)).to(torch.float32).view(-1, 1, 8, 8)


class Half(Base):
    def forward(self, z):
        return torch.sigmoid(self.layer(z)).to(torch.float16).view(-1, 1, 8, 8)


class Noisy(Base):
    def forward(self, z):
        return (torch.sigmoid(self.layer(z)) + 0.1 * torch.randn(z.size(0), 64)).view(-1, 1, 8, 8)


class BatchStatistics(Base):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(64, track_running_stats=False)

    def forward(self, z):
        return torch.sigmoid(self.norm(self.layer(z))).view(-1, 1, 8, 8)


class Dropped(Base):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)

    def forward(self, z):
        return torch.sigmoid(self.dropout(self.layer(z))).view(-1, 1, 8, 8)


class Two(Base):
    def forward(self, z):
        return self.layer(z), torch.sigmoid(self.layer(z))


class Autoencoder(Base):
    @torch.jit.export
    def decode(self, z):
        return torch.sigmoid(self.layer(z))

    def forward(self, x):
        return self.decode(x.view(-1, 784)[:, :4])


class Codes(Base):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(16, 4)

    def forward(self, codes):
        return torch.sigmoid(self.layer(self.table(codes).mean(1))).view(-1, 1, 8, 8)


class Dictionary(Base):
    def forward(self, z: Dict[str, torch.Tensor]):
        return torch.sigmoid(self.layer(z["z"])).view(-1, 1, 8, 8)


class Formula(nn.Module):
    """No parameters: nothing says a precision."""

    def forward(self, z):
        return torch.sin(3 * z)


def script(folder, module):
    file = folder / "model.pt"
    torch.jit.script(module.eval()).save(str(file))
    return file


def interpolate(file, *more, **chosen):
    settings = {"decoder": file, "latent_dim": 4, "from_": "seed:1", "to": "seed:2", "segments": 8, "threads": 1,
                **chosen}
    return run("interpolate", *options(**settings), *more)


REFUSED = {
    "bytes": (Bytes, ["whole numbers", "before they are rounded"]),
    "classes": (Classes, ["whole numbers", "before argmax"]),
    "truth values": (Truth, ["truth values", "logits"]),
    "complex": (Complex, ["complex", "view_as_real"]),
    "rounded": (Rounded, ["does not depend differentiably", "before rounding"]),
    "detached": (Detached, ["does not depend differentiably", "detach"]),
    "bfloat16": (Brain, ["move in steps", "bfloat16", ".float()"]),
    "float16": (Half, ["move in steps", "float16"]),
    "noise": (Noisy, ["random numbers", "eval()"]),
    "batch statistics": (BatchStatistics, ["batch", "eval()"]),
    "two outputs": (Two, ["2 tensors", "--output"]),
    "the autoencoder itself": (Autoencoder, ["--decoder-method decode"]),
    "codes": (Codes, ["whole numbers (codes)"]),
    "a dictionary": (Dictionary, ["forward's input 'z'", "Dict"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_decoders_that_give_no_right_answer_are_refused(name, tmp_path):
    kind, words = REFUSED[name]
    result = interpolate(script(tmp_path, kind()), "--quiet")
    assert result.code == 3, result.stderr
    check_one_sentence(result, "model.pt", *words)


@pytest.mark.parametrize("kind, words", [(BatchStatistics, ["batch", "eval()"]), (Dropped, ["random numbers", "eval()"])])
def test_models_traced_in_training_mode_are_refused(kind, words, tmp_path):
    file = tmp_path / "model.pt"
    torch.jit.trace(kind().train(), torch.randn(8, 4), check_trace=False).save(str(file))
    result = interpolate(file, "--quiet")
    assert result.code == 3, result.stderr
    check_one_sentence(result, "model.pt", *words)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_batch_built_into_a_trace_is_named(batch, tmp_path):
    class Viewed(Base):
        def forward(self, z):
            return torch.sigmoid(self.layer(z)).view(int(z.shape[0]), 1, 8, 8)

    file = tmp_path / "model.pt"
    torch.jit.trace(Viewed(), torch.randn(batch, 4), check_trace=False).save(str(file))
    result = interpolate(file, "--quiet")
    assert result.code == 3
    check_one_sentence(result, f"batches of {batch} only", "torch.jit.script")


def test_what_may_be_right_is_a_warning_everywhere(tmp_path):
    out = tmp_path / "run"
    result = interpolate(script(tmp_path, Constant()), out=out)
    assert result.code == 0, result.stderr
    assert "warning: the decoder model.pt gives the same output at all 8 points" in result.stderr
    document = json.loads((out / "run.json").read_text())
    for warnings in (document["warnings"], document["summary"]["warnings"]):
        assert any("same output at all 8 points" in sentence for sentence in warnings)
    assert "same output at all 8 points" in (out / "report" / "data.json").read_text()


def test_sound_models_pass_without_a_word(tmp_path):
    for kind in (Base, Dropped):
        result = interpolate(script(tmp_path, kind()), "--json")
        assert result.code == 0 and "model.pt" not in result.stderr, result.stderr


def test_the_precision_is_said_with_its_reason(tmp_path):
    formula = script(tmp_path, Formula())
    ends = {"from_": "0.1,0.2,0.3,0.4", "to": "0.3,0.1,0.2,0.2"}
    for dtype, reason in ((None, "no parameters that say a precision; --dtype float64 says otherwise"),
                          ("float64", "as --dtype says")):
        out = tmp_path / str(dtype)
        result = interpolate(formula, dtype=dtype, out=out, **ends)
        assert result.code == 0 and reason in result.stderr, result.stderr
        assert json.loads((out / "run.json").read_text())["precision"] == (dtype or "float32")
    assert "the precision of its parameters" in interpolate(script(tmp_path, Base())).stderr


def test_the_precision_of_a_quality_between_samples_is_said(tmp_path):
    class Quality(nn.Module):
        def forward(self, x):
            return torch.sigmoid(x[:, 0])

    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(6, 2)))
    np.save(tmp_path / "b.npy", np.random.default_rng(1).normal(size=(6, 2)))
    chosen = {"from_": tmp_path / "a.npy", "to": tmp_path / "b.npy", "quality": script(tmp_path, Quality()),
              "kind": "displacement"}
    assert "no parameters that say a precision" in run("measures", *options(**chosen)).ok().stderr
    assert "as --dtype says" in run("measures", *options(**chosen, dtype="float64")).ok().stderr


class Excessive(nn.Module):
    def forward(self, x):
        return 2 + x[:, 0].sigmoid()


class Unconnected(nn.Module):
    def forward(self, x):
        return x[:, 0].sigmoid().detach()


class Threshold(nn.Module):
    def forward(self, x):
        return x[:, 0] > 0


class OfItsBatch(nn.Module):
    def forward(self, x):
        return torch.softmax(x[:, 0], 0)


@pytest.mark.parametrize("kind, word", [(Excessive, "between 0 and 1"), (Unconnected, "not differentiable"),
                                        (Threshold, "truth value"), (OfItsBatch, "batch")])
def test_qualities_between_samples_are_looked_at(kind, word, tmp_path):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(ord(name)).normal(size=(6, 2)))
    result = run("measures", "--quiet", *options(from_=tmp_path / "a.npy", to=tmp_path / "b.npy", quality=script(tmp_path, kind())))
    assert result.code == 3
    check_one_sentence(result, "model.pt", word)


def picture(file, pixels):
    """A PNG of grey [h, w], RGB [h, w, 3] or RGBA [h, w, 4] bytes."""
    pixels = np.asarray(pixels, dtype=np.uint8)
    kind = 0 if pixels.ndim == 2 else {3: 2, 4: 6}[pixels.shape[2]]
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, kind, 0, 0, 0)
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
    return file


class Encoder(nn.Module):
    """(mu, log variance) of 8 x 8 grey pictures: the mean of each quarter."""

    def forward(self, x):
        mu = torch.nn.functional.adaptive_avg_pool2d(x, 2).flatten(1)
        return mu, torch.zeros_like(mu)


class SignedDecoder(Base):
    def __init__(self):
        super().__init__()
        self.output_range = [-1.0, 1.0]

    def forward(self, z):
        return torch.tanh(self.layer(z)).view(-1, 1, 8, 8)


def encoded(tmp_path, decoder, pixels):
    encoder = tmp_path / "encoder.pt"
    torch.jit.script(Encoder()).save(str(encoder))
    end = picture(tmp_path / "a.png", pixels)
    out = tmp_path / "run"
    result = interpolate(script(tmp_path, decoder), encoder=encoder, from_=f"image:{end}", to="0,0.1,0.2,0.3", out=out,
                         overwrite=True)
    assert result.code == 0, result.stderr
    return result.stderr, np.load(out / "path.npy")[0, 0]


def test_an_encoder_is_given_what_its_decoder_gives(tmp_path):
    quarters = np.kron([[0, 51], [102, 255]], np.ones((4, 4)))
    said, code = encoded(tmp_path, Base(), quarters)
    np.testing.assert_allclose(code, [0, 0.2, 0.4, 1], atol=1e-6)  # of several tensors, the first
    assert "returns 2 tensors: the first is taken as the code" in said
    assert "does not state its input_range: values in [0, 1] are assumed" in said
    # Values in [-1, 1] where the decoder gives these.
    said, code = encoded(tmp_path, SignedDecoder(), quarters)
    np.testing.assert_allclose(code, [-1, -0.6, -0.2, 1], atol=1e-6)
    assert "[-1, 1] are assumed, as its decoder gives" in said
    # A larger picture in colour is brought to size, and that is said.
    said, code = encoded(tmp_path, Base(), np.repeat(np.kron(quarters, np.ones((3, 3)))[:, :, None], 3, 2))
    np.testing.assert_allclose(code, [0, 0.2, 0.4, 1], atol=1e-4)
    assert "RGB -> grey" in said and "24x24 -> 8x8" in said and "[1, 8, 8] is assumed" in said


def test_transparency_is_said(tmp_path):
    pixels = np.zeros((8, 8, 4))
    pixels[:, :, 3] = 255
    assert "transparent" not in encoded(tmp_path, Base(), pixels)[0]
    pixels[2, 3, 3] = 17
    assert "its alpha channel is ignored" in encoded(tmp_path, Base(), pixels)[0]


def test_the_latent_size_of_end_points_is_named_where_it_does_not_fit(tmp_path):
    np.save(tmp_path / "column.npy", np.zeros((3, 1)))
    file = script(tmp_path, Base())
    result = interpolate(file, "--quiet", latent_dim=None, from_=tmp_path / "column.npy", to=tmp_path / "column.npy")
    assert result.code == 3
    check_one_sentence(result, "latent size is taken to be 1", "--latent-dim")


def test_masses_and_headings_of_samples_are_said(tmp_path):
    rows = np.random.default_rng(0).normal(size=(12, 2))
    lines = "\n".join(f"{x:.6f},{y:.6f}" for x, y in rows)
    (tmp_path / "plain.csv").write_text(lines)
    np.save(tmp_path / "b.npy", np.random.default_rng(1).normal(size=(12, 2)))

    def cost(name, **more):
        result = run("measures", "--json", *options(from_=tmp_path / name, to=tmp_path / "b.npy", kind="displacement", **more)).ok()
        return json.loads(result.stdout)["pairs"][0]["displacement"]["squared_wasserstein"], result.stderr

    truth, said = cost("plain.csv")
    assert "mass" not in said
    (tmp_path / "numbered.csv").write_text("0,1\n" + lines)
    (tmp_path / "index.csv").write_text(",x,y\n" + "\n".join(f"{i},{line}" for i, line in enumerate(lines.split("\n"))))
    for name, word in (("numbered.csv", "taken as a heading"), ("index.csv", "left out")):
        assert cost(name)[0] == truth
        told = run("measures", *options(from_=tmp_path / name, to=tmp_path / "b.npy", kind="displacement")).ok()
        assert word in told.stderr
    np.savetxt(tmp_path / "two.csv", np.full(12, 2 / 12))
    np.savetxt(tmp_path / "one.csv", np.full(12, 1 / 12))
    value, said = cost("plain.csv", from_weights=tmp_path / "two.csv", to_weights=tmp_path / "one.csv")
    assert value == pytest.approx(truth) and "different masses, 2 and 1" in said


def test_damaged_archives_are_refused(tmp_path):
    """One bit flipped somewhere in a model's file: read as before, or one sentence."""
    sound = script(tmp_path, Base()).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(8):  # many more: TorchScriptDecoder.FlippedBitsEndInASentence, scripts/fuzz
        bits = bytearray(sound)
        bits[random.integers(len(bits))] ^= 1 << random.integers(8)
        file = tmp_path / "flipped.pt"
        file.write_bytes(bits)
        result = interpolate(file, "--quiet", "--json", segments=2, max_iterations=1)
        assert result.code in (0, 3), (result.code, result.stderr)
        if result.code == 3:
            check_one_sentence(result, "flipped.pt")
