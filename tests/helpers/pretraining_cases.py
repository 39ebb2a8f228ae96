"""A small encoder, and the calls and windows of a pretraining that takes a second."""

import json
from pathlib import Path

import numpy as np
import torch

from benchmarks.settings import ROOT
from methods.kit.contract.call import Call
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import TOKEN, Transformer
from tests.helpers.signals import RATE, windows

LEADS, TOKENS = 2, 20


def encoder() -> Transformer:
    """A small encoder, the same at every call."""
    torch.manual_seed(0)
    return Transformer(channels_of(LEADS), 32, 2, 4)


def signal(count: int = 4) -> torch.Tensor:
    """Scaled windows (count, LEADS, TOKENS tokens), the same at every call."""
    return torch.randn(count, LEADS, TOKENS * TOKEN, generator=torch.Generator().manual_seed(1))


def call(root: Path, name: str, verb: str = "pretrain", steps: int = 2) -> Call:
    """A call of the first row of `name` with a network of width 16."""
    row, params = next(
        iter(json.loads((ROOT / "methods" / name / "params.json").read_text()).items())
    )
    small = params | {"width": 16, "depth": 1, "pretraining_batch_size": 4, "batch_size": 4}
    (root / "model").mkdir(exist_ok=True)
    assert row.startswith(name)
    return Call(
        verb,
        None if verb == "pretrain" else "interpolation",
        small,
        3,
        {"steps": steps, "windows": 99},
        root,
    )


def write_windows(root: Path) -> None:
    """Training and validation windows of a few people, as `pretrain` and `fit` see them."""
    for number, part in enumerate(("train", "validation")):
        folder = root / "data" / part
        folder.mkdir(parents=True)
        np.save(folder / "windows.npy", windows(np.random.default_rng(number), 6))
        about = {
            "rate": RATE,
            "leads": [["MLII", "V1"]] * 6,
            "patients": list(range(6)),
            "scenario": None,
        }
        (folder / "windows.json").write_text(json.dumps(about))
