"""Fixtures of the methods' tests."""

from pathlib import Path

import pytest

from tests.helpers.beat_records import CLASSIFIERS, fitted
from tests.helpers.ecg_cases import fit_wiener
from tests.helpers.pretraining_cases import write_windows


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A call's root with training and validation windows of a few people."""
    write_windows(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a call of wiener, fitted on simulated ECG and white noise."""
    return fit_wiener(tmp_path_factory.mktemp("wiener"))


@pytest.fixture(scope="session")
def beats_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the classifiers of `classifiers` were fitted."""
    return tmp_path_factory.mktemp("classifiers")


@pytest.fixture(scope="session")
def classifiers(beats_root: Path) -> dict:
    """Each classical classifier's module, and a call whose model is fitted."""
    return {name: fitted(name, beats_root) for name in CLASSIFIERS}
