"""Whole records with their beats, and the answer to the classification task."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from methods.kit.contract.call import Call, Step, answer, read_json, write_array

# The AAMI classes, in the order of the columns of probabilities.npy.
CLASSES = ("N", "S", "V", "F", "Q")


@dataclass(frozen=True)
class Record:
    """One whole record with its beats."""

    signal: np.ndarray  # (leads, samples) float32 in mV, memory-mapped
    leads: list[str]
    rate: float  # Hz
    beats: np.ndarray  # (beats,) int64, sample of each beat's mark
    labels: np.ndarray | None  # (beats,) uint8, index into `CLASSES`; None in a case
    patient: int | None  # one number per person; None in a case


def read_records(folder: Path) -> list[Record]:
    """The record set or classification case in `folder`, in the order in which beats are
    counted."""
    about = read_json(folder / "records.json")
    return [
        Record(
            signal=np.load(folder / f"signal_{number:03d}.npy", mmap_mode="r", allow_pickle=False),
            leads=record["leads"],
            rate=about["rate"],
            beats=np.load(folder / f"beats_{number:03d}.npy", allow_pickle=False),
            labels=(
                np.load(labels, allow_pickle=False)
                if (labels := folder / f"labels_{number:03d}.npy").exists()
                else None
            ),
            patient=record.get("patient"),
        )
        for number, record in enumerate(about["records"])
    ]


def read_training(folder: Path) -> tuple[list[Record], np.ndarray]:
    """The labelled records in `folder` that have beats, and the classes (beats,) of all of them."""
    records = [r for r in read_records(folder) if r.labels is not None and len(r.beats)]
    return records, np.concatenate([r.labels for r in records if r.labels is not None])


def classify(call: Call, predict: Callable[[list[Record], Call], np.ndarray]) -> None:
    """Write what `predict(records, call)` makes of the call's case, (beats of all records, 5)
    probabilities."""
    write_array(call.out / "probabilities.npy", predict(read_records(call.case), call))


def serve(
    predict: Callable[[list[Record], Call], np.ndarray],
    fit: Step | None = None,
    pretrain: Step | None = None,
) -> None:
    """Answer a call to a method of the classification task.

    `predict(records, call)` returns (beats of all records, 5) probabilities; `fit(call)` and
    `pretrain(call)` read `call.data` and write into `call.model`."""
    answer(lambda call: classify(call, predict), fit, pretrain)
