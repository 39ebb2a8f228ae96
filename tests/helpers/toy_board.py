"""A board small enough for every row: a minute and a half of six simulated people."""

import numpy as np

from benchmarks.contract import Budget
from benchmarks.datasets import Record
from benchmarks.datasets.synthetic import LEADS, simulate
from benchmarks.settings import RATE, Board

BOARD = Board(
    dataset="toy",
    seed=7,
    windows_per_record=2,
    seeds=1,
    budget=Budget(steps=4, windows=256),
)
SPLITS = {"train": ["p01", "p02", "p03"], "validation": ["p13"], "test": ["p17", "p18"]}


def toy_records() -> list[Record]:
    """A minute and a half of six simulated people; the second lead of the last test patient is off:
    flat."""
    found = []
    for name in (name for names in SPLITS.values() for name in names):
        record = simulate(name, leads=LEADS)
        signal = np.array(record.signal[:, : round(90 * RATE)])
        if name == "p18":
            signal[1] = -0.2
        kept = record.beats < signal.shape[1]
        found.append(
            record._replace(signal=signal, beats=record.beats[kept], labels=record.labels[kept])
        )
    return found
