"""Fixtures of all tests."""

import fcntl
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases import records as whole
from benchmarks.cases.build import build
from tests.helpers.project import Project, copy_project
from tests.helpers.toy_board import BOARD, SPLITS, toy_records

ROOT = Path(__file__).resolve().parent.parent
# 8: one in eight of what is alike, where the machine is slow.
SAMPLE = int(os.environ.get("PQRST_SAMPLE", "1"))
SLOW_SAMPLE = 3  # then also one in so many of the tests that make a board
MAKING_BOARDS = {"project", "made", "made_once"}  # their fixtures


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a slow machine (PQRST_SAMPLE) try a sample of the tests that make boards."""
    if SAMPLE > 1:
        making = [item for item in items if MAKING_BOARDS & set(getattr(item, "fixturenames", ()))]
        left = set(making) - set(making[::SLOW_SAMPLE])
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=list(left))


def real_data(name: str) -> Path:
    """The folder of a real data set; skips where it was not fetched, fails where it must be
    there."""
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
    whole.prepare(toy_records(), noise, folder / "records")
    build(BOARD, folder / "records", SPLITS, folder / "board")
    return folder / "board"


@pytest.fixture
def project(tmp_path) -> Project:
    """A project in which nothing has run yet."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Project:
    """A project whose synthetic board is made, once for all of pytest's workers; not to be
    changed."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            copy_project(shared / "project").pqrst("repro", "synthetic", "--jobs", "2")
            (shared / "done").touch()
    return Project(shared / "project")


@pytest.fixture
def made(made_once, tmp_path) -> Project:
    """A copy of the project whose synthetic board is made."""
    shutil.copytree(made_once.root, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
