"""Images as bytes, and bytes as PNG."""

import struct
import zlib

import torch


def image_layout(shape):
    """How one output is an image: "channels first", "grey", or None."""
    if len(shape) == 3 and shape[0] in (1, 3):
        return "channels first"
    return "grey" if len(shape) == 2 else None


def to_pixels(images, low, high):
    """[frames, C, H, W] or [frames, H, W] with values in [low, high] → [frames, H, W, 3] bytes."""
    layout = image_layout(images.shape[1:])
    if layout is None:
        raise TypeError(f"a strip shows images, [C, H, W] with 1 or 3 channels or [H, W]; these outputs are {list(images.shape[1:])}")
    images = images.unsqueeze(1) if layout == "grey" else images
    images = images.expand(-1, 3, -1, -1).float()
    unit = (images - low) / max(high - low, 1e-12)
    return (unit.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def frames_in_a_row(frames):
    """[frames, H, W, 3] → [H, frames · W, 3]."""
    return frames.permute(1, 0, 2, 3).flatten(1, 2).contiguous()


def png(pixels):
    """The bytes of a PNG file showing [H, W, 3] bytes."""
    height, width, _ = pixels.shape
    lines = torch.cat([torch.zeros(height, 1, dtype=torch.uint8, device="cpu"), pixels.reshape(height, -1)], 1)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(lines.numpy().tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
