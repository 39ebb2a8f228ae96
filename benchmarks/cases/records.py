"""Prepare a data set: whole records at the board's rate, one memory-mappable file each, streamed
record by record.

`prepare` writes a folder with `records.json` and, per record, `NAME.signal.npy` float32 (leads,
samples) in mV, `NAME.beats.npy` int64 and `NAME.labels.npy` uint8; and `noise.npy` float32 (kinds,
2, samples). No filter but the resampler's own low-pass: a zero-phase filter would carry hidden
samples into visible ones."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.datasets import Record
from benchmarks.errors import UserError
from benchmarks.files import write_text
from benchmarks.settings import RATE, SAMPLES


@dataclass(frozen=True)
class Prepared:
    """One line of `records.json`."""

    name: str
    patient: str
    leads: list[str]
    samples: int
    beats: int
    report: str | None


def resample(signal: np.ndarray, rate: float, target: float = RATE) -> np.ndarray:
    """Polyphase resampling of (..., samples) from `rate` to `target` Hz; its FIR low-pass keeps
    aliases out."""
    if rate == target:
        return np.asarray(signal, np.float32)
    from scipy.signal import resample_poly

    ratio = Fraction(target / rate).limit_denominator(1000)
    # The ends are continued along a line: padding with zeros would ring where a record stands on an
    # offset.
    return resample_poly(
        signal, ratio.numerator, ratio.denominator, axis=-1, padtype="line"
    ).astype(np.float32)


def prepare(
    records: Iterable[Record],
    noise: np.ndarray,
    out: Path,
    progress: Callable[[str], object] = lambda name: None,
) -> list[Prepared]:
    """Write `records` and `noise` (already at the board's rate) into `out`; memory holds one record
    at a time."""
    out.mkdir(parents=True, exist_ok=True)
    prepared = []
    for record in records:
        signal = resample(record.signal, record.rate)
        beats = np.minimum(
            np.round(record.beats * (RATE / record.rate)).astype(np.int64), signal.shape[1] - 1
        )
        if signal.shape[1] < SAMPLES:
            raise UserError(
                f"record {record.name}: {signal.shape[1] / RATE:.1f} s, a window is"
                f" {SAMPLES / RATE} s"
            )
        if not np.isfinite(signal).all():
            raise UserError(f"record {record.name}: its signal holds samples that are not finite")
        np.save(out / f"{record.name}.signal.npy", signal, allow_pickle=False)
        np.save(out / f"{record.name}.beats.npy", beats, allow_pickle=False)
        np.save(
            out / f"{record.name}.labels.npy", record.labels.astype(np.uint8), allow_pickle=False
        )
        prepared.append(
            Prepared(
                record.name,
                record.patient,
                list(record.leads),
                signal.shape[1],
                len(beats),
                record.report,
            )
        )
        progress(record.name)
    np.save(out / "noise.npy", noise.astype(np.float32), allow_pickle=False)
    write_text(
        out / "records.json", json.dumps([asdict(entry) for entry in prepared], indent=1) + "\n"
    )
    return prepared


def read_prepared(folder: Path) -> dict[str, Prepared]:
    """The records of a prepared data set by name."""
    try:
        entries = json.loads((folder / "records.json").read_text())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{folder / 'records.json'}: {error}; make it: pqrst records {folder.name}"
        ) from None
    return {entry["name"]: Prepared(**entry) for entry in entries}


def signal(folder: Path, name: str) -> np.ndarray:
    """The whole record (leads, samples) in mV, memory-mapped."""
    return np.load(folder / f"{name}.signal.npy", mmap_mode="r", allow_pickle=False)


def labels(folder: Path, name: str) -> np.ndarray:
    """The AAMI class of each beat (beats,), an index into CLASSES."""
    return np.load(folder / f"{name}.labels.npy", allow_pickle=False)
