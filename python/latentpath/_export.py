"""Modules as files for the program and the library: torch.export's format, with what a file must state."""

import inspect
import json
import os
import pathlib
import re
import shutil
import tempfile

import torch

from ._calls import in_python, modules_of
from ._errors import ArgumentError, ModelError

#: What the program looks for in a model's file (docs/own_model.md).
STATED = (
    "latent_dim",
    "output_range",
    "prior",
    "input_range",
    "input_mean",
    "input_std",
    "input_shape",
    "class_names",
    "latent_shapes",
    "output_kind",
    "periods",
    "domain",
    "least_eigenvalue",
)


class _Calling(torch.nn.Module):
    """A method of a module, or a function, as a module's forward."""

    def __init__(self, target, method):
        super().__init__()
        self.target = target
        self.method = method

    def forward(self, z):
        return self.target(z) if self.method is None else getattr(self.target, self.method)(z)


def export(module, file, example, *, method=None, check=True, **stated):
    """Writes `module` to `file` (.pt2) for the program and the library, by torch.export with a batch of any size.

    module: a decoder, classifier, encoder, chart, …: any torch.nn.Module of tensors [n, …] (or a function of them), put
        in eval mode for the call. What it computes must be the same for each row of a batch.
    example: one batch of its inputs, [n, D]; for a structured latent a list of tensors. Its numbers do not matter.
    method: the method that is meant, where it is not forward: "decode".
    stated: what the file states: output_range=(-1, 1), prior="normal", latent_dim, input_range, input_mean, input_std,
        input_shape, class_names, latent_shapes, periods, domain, least_eigenvalue; attributes of the module with these
        names are stated, too.
    check: compare the written file, read by torch, with the module on another batch.

    The file is written whole or not at all; its path is returned.

        lp.export(decoder, "decoder.pt2", torch.randn(2, 8), output_range=(-1, 1), prior="normal")
    """
    if not hasattr(torch, "export") or not hasattr(torch.export, "Dim") or not hasattr(torch.export.Dim, "AUTO"):
        raise ArgumentError(
            f"torch {torch.__version__} cannot export for batches of any size: torch 2.6 or later is needed "
            "(torch.jit.trace writes a file for older ones)"
        )
    extra = _extra_files(module, stated)
    example = _two_rows(example)
    target = module
    if method is not None or not isinstance(module, torch.nn.Module):
        target = _Calling(module, method)
    behind = [target, *modules_of(module)]
    training = [(part, part.training) for each in behind for part in each.modules()]
    for each in behind:
        each.eval()
    try:
        program = _program(target, example)
        return _save(program, pathlib.Path(file), extra, lambda written: check and _compare(written, target, example))
    finally:
        for part, was in training:
            part.training = was


def _extra_files(module, stated):
    for name in stated:
        if name not in STATED:
            raise ArgumentError(f"`{name}` is nothing that a file states; what is: {', '.join(STATED)}")
    values = {name: getattr(module, name, None) for name in STATED}
    values = {name: value for name, value in values.items() if value is not None and not inspect.isroutine(value)}
    values.update({name: value for name, value in stated.items() if value is not None})
    return {name: _text(name, value) for name, value in values.items()}


def _text(name, value):
    if isinstance(value, str):
        return value
    value = in_python(value)
    if isinstance(value, range):
        value = list(value)
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ArgumentError(f"`{name}` is {value!r}: numbers, texts and lists of them can be stated") from None


def _two_rows(example):
    """A batch of one would be taken for a fixed size."""
    if isinstance(example, (list, tuple)):
        return [_two_rows(part) for part in example]
    if not isinstance(example, torch.Tensor) or example.dim() == 0 or example.shape[0] == 0:
        raise ArgumentError("`example` must be a batch of inputs, a tensor [n, …], or a list of such tensors")
    return torch.cat([example[:1], example[-1:]]).detach() if example.shape[0] < 2 else example.detach()


def _program(target, example):
    any_size = {0: torch.export.Dim.AUTO}
    shapes = ([any_size for _ in example] if isinstance(example, list) else any_size,)
    try:
        with torch.enable_grad():  # without, attention becomes a kernel that has no derivative
            program = torch.export.export(target, (example,), dynamic_shapes=shapes, strict=False)
    except Exception as error:
        raise ModelError(f"torch.export cannot export the module: {_first_line(error)}") from error
    inputs = set(program.graph_signature.user_inputs)
    for node in program.graph.nodes:
        if node.op == "placeholder" and node.name in inputs and isinstance(node.meta["val"].shape[0], int):
            raise _works_for(node.meta["val"].shape[0])
    return program


def _works_for(rows):
    return ModelError(
        f"the module works for batches of {rows} only: somewhere it makes a Python number "
        "of the batch's size, or reshapes by a number (reshape(z.shape[0], …) and reshape(-1, …) are fine)"
    )


def _save(program, path, extra, look):
    path = path if path.suffix == ".pt2" else path.with_name(path.name + ".pt2")
    folder = tempfile.mkdtemp(prefix=".latentpath-", dir=path.parent)
    try:
        written = os.path.join(folder, path.name)
        torch.export.save(program, written, extra_files=extra)
        look(written)
        os.replace(written, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path


def _compare(path, target, example):
    repeat = lambda tensor: torch.cat([tensor, tensor[:1]])  # noqa: E731
    batch = [repeat(part) for part in example] if isinstance(example, list) else repeat(example)
    rows = (batch[0] if isinstance(batch, list) else batch).shape[0]
    try:
        with torch.no_grad():
            expected = torch.utils._pytree.tree_leaves(target(batch))
            found = torch.utils._pytree.tree_leaves(torch.export.load(path).module()(batch))
    except Exception as error:
        # What torch found about the batch of the example, it asks of every other one (torch 2.15).
        if re.search(rf"Guard failed: .*\.size\(\)\[0\] == {rows - 1}\b", str(error)):
            raise _works_for(rows - 1) from error
        raise ModelError(
            f"exported with {rows - 1} rows, the module fails on {rows}: {_first_line(error)}; it must work for batches "
            "of any size"
        ) from error
    # Rounding of another order of operations; what was fixed to the example's batch is off by far more.
    if not all(
        a.shape == b.shape and torch.allclose(a, b, rtol=1e-3, atol=1e-3 * max(1.0, float(a.abs().max())))
        for a, b in zip(expected, found)
    ):
        raise ModelError(
            "the exported program gives other numbers than the module on a second batch: the module is random, or "
            "depends on something that torch.export fixed"
        )


def _first_line(error):
    return str(error).strip().split("\n")[0] or type(error).__name__
