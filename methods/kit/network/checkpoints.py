"""Weights on disk: safetensors without metadata, so that equal weights are equal bytes."""

from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def save(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write named tensors under a temporary name, then rename: what is read is never
    half-written."""
    from safetensors.torch import save_file

    temporary = path.with_name(path.name + ".tmp")
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary
    )
    temporary.rename(path)


def load(path: Path, model: Network) -> Network:
    """Fill `model` from `path`, in evaluation mode; raises RuntimeError that names each missing,
    unexpected or misshapen tensor."""
    from safetensors.torch import load_file

    model.load_state_dict(load_file(path), strict=True)
    return model.eval()


def load_part(path: Path, model: nn.Module, part: str) -> None:
    """Fill `model` with the tensors of `path` whose names begin with `part` and a dot; raises
    RuntimeError as `load` does, and where there is none: no method may go on from random weights
    without knowing it."""
    from safetensors.torch import load_file

    prefix = part + "."
    found = {
        name.removeprefix(prefix): t
        for name, t in load_file(path).items()
        if name.startswith(prefix)
    }
    if not found:
        raise RuntimeError(f"{path}: expected tensors of {part!r}, found none")
    model.load_state_dict(found, strict=True)
