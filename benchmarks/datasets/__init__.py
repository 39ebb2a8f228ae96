"""The data sets: one module each, found by its file name.

A data set module says NAME, TITLE, VERSION, LICENCE, CITATION, URL, RATE, LEADS, SPLITS, yields
`Record`s from `records(folder)`, and gives noise by `noise(folder)` or names the data set that
does: NOISE. It may have a NOTE, one sentence under the title of each board of it, and a CAVEAT, a
paragraph on how far such a board can be trusted."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from benchmarks.contract import CLASSES
from benchmarks.errors import UserError, hint

__all__ = ["CLASSES", "Record", "is_published", "load", "names", "sources"]


class Record(NamedTuple):
    """One recording of one person."""

    name: str
    patient: str  # the person: two records of one person carry the same
    leads: tuple[str, ...]
    signal: np.ndarray  # float32 (leads, samples) in mV
    rate: float  # Hz
    beats: np.ndarray  # int64 (beats,): sample of each R peak, ascending
    labels: np.ndarray  # uint8 (beats,): index into CLASSES
    report: str | None = None
    # "P", "QRS", "T" -> int64 (beats, 3): sample of onset, peak and offset, -1 where there is no
    # such wave.
    waves: dict[str, np.ndarray] | None = None


def names() -> list[str]:
    """Every data set that has a module in this folder: one whose NAME is that of its file. The
    others are helpers."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return [
        path.stem
        for path in modules
        if f'\nNAME = "{path.stem}"\n' in path.read_text(encoding="utf-8")
    ]


def load(name: str) -> ModuleType:
    """The module of data set `name`; raises UserError naming the nearest known one.

    >>> load("synthetic").TITLE
    'Simulated two-lead ambulatory ECG with AAMI beat classes'
    """
    known = names()
    if name not in known:
        raise UserError(f"no data set {name!r}{hint(name, known)}")
    return importlib.import_module(f"benchmarks.datasets.{name}")


def sources(name: str) -> list[str]:
    """The data sets that one is prepared from: itself, and the one that gives it noise, where that
    is another.

    >>> sources("synthetic")
    ['synthetic']
    """
    return list(dict.fromkeys([name, getattr(load(name), "NOISE", name)]))


def is_published(name: str) -> bool:
    """Whether a data set has files to fetch, by the committed list of them; one that is simulated
    has none."""
    return Path(__file__).with_name(f"{name}.sha256").exists()
