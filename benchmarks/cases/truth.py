"""What the scorer reads of a board's cases: the truth, and what each case wants an estimate of.

Apart from `cases`, which writes them: scores then depend on no data set's module.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Truth:
    """What the scorer knows of the completion windows; row order is that of every completion
    case."""

    signal: np.ndarray  # (windows, leads, samples) float32 mV
    scale: np.ndarray  # (windows, leads) mV
    patient: np.ndarray  # (windows,) str
    split: np.ndarray  # (windows,) "validation" or "test"


@dataclass(frozen=True)
class BeatTruth:
    """What the scorer knows of the beats; order is that of the classification case."""

    labels: np.ndarray  # (beats,) uint8
    patient: np.ndarray  # (beats,) str
    split: np.ndarray  # (beats,) str
    prior: np.ndarray  # (classes,) share of each class among the training beats


def read_truth(folder: Path) -> Truth:
    """The truth of the completion windows of a board's `truth` folder."""
    about = json.loads((folder / "windows.json").read_text())
    return Truth(
        np.load(folder / "windows.npy", mmap_mode="r", allow_pickle=False),
        np.load(folder / "scale.npy", allow_pickle=False),
        np.asarray(about["patient"]),
        np.asarray(about["split"]),
    )


def read_beat_truth(folder: Path) -> BeatTruth:
    """The truth of the beats of a board's `truth` folder."""
    about = json.loads((folder / "beats.json").read_text())
    beats = [record["beats"] for record in about["records"]]
    counts = np.asarray(about["training_counts"], float)
    return BeatTruth(
        np.load(folder / "labels.npy", allow_pickle=False),
        np.repeat([record["patient"] for record in about["records"]], beats),
        np.repeat([record["split"] for record in about["records"]], beats),
        counts / counts.sum(),
    )
