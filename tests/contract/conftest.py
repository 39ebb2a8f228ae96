"""Fixtures of the contract's tests."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import windows
from benchmarks.cases import build

from .toy import BOARD, SPLITS, toy_records


@pytest.fixture(scope="session")
def toy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    noise = np.random.default_rng(5).normal(size=(3, 2, 20_000)).astype(np.float32)
    windows.prepare(toy_records(), noise, folder / "windows")
    build(BOARD, folder / "windows", SPLITS, folder / "board")
    return folder / "board"
