"""The data sets: one module each, found by its file name.

A data set module says NAME, TITLE, VERSION, LICENCE, CITATION, URL, RATE, LEADS and yields
`Record`s from `records`."""

import difflib
import importlib
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from benchmarks.contract import CLASSES

__all__ = ["CLASSES", "Record", "load", "names"]


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
    """The module of data set `name`; raises ValueError naming the nearest known one."""
    known = names()
    if name not in known:
        nearest = difflib.get_close_matches(name, known, 1)
        hint = f", did you mean {nearest[0]!r}?" if nearest else f"; known: {', '.join(known)}"
        raise ValueError(f"no data set {name!r}{hint}")
    return importlib.import_module(f"benchmarks.datasets.{name}")
