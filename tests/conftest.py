"""Fixtures of all tests."""

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks import windows
from benchmarks.cases import build
from tests.contract.toy import BOARD, SPLITS, toy_records

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = int(os.environ.get("PQRST_SAMPLE", "1"))  # 8: one in eight of what is alike, where the machine is slow


def real_data(name: str) -> Path:
    """The folder of a real data set; skips where it was not fetched, fails where it must be there."""
    mirror = os.environ.get("PQRST_MIRROR")
    for folder in ([Path(mirror) / name] if mirror else []) + [ROOT / "data/raw" / name]:
        if any(folder.glob("*.dat")):
            return folder
    if os.environ.get("PQRST_CI") == "1":
        pytest.fail(f"the real data must be there where PQRST_CI=1; fetch it: pqrst fetch {name}")
    pytest.skip(f"fetch it: pqrst fetch {name}")


@pytest.fixture(scope="session")
def mitdb_folder() -> Path:
    """The MIT-BIH Arrhythmia Database."""
    return real_data("mitdb")


@pytest.fixture(scope="session")
def nstdb_folder() -> Path:
    """The three noise records of the MIT-BIH Noise Stress Test Database."""
    return real_data("nstdb")


@pytest.fixture(scope="session")
def toy(tmp_path_factory) -> Path:
    """The cases of the toy board."""
    folder = tmp_path_factory.mktemp("toy")
    noise = np.random.default_rng(5).normal(size=(3, 2, 20_000)).astype(np.float32)
    windows.prepare(toy_records(), noise, folder / "windows")
    build(BOARD, folder / "windows", SPLITS, folder / "board")
    return folder / "board"
