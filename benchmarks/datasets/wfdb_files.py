"""Records in the WFDB format (header `.hea`, signals `.dat`, marks `.atr`), read with wfdb and
checked.

wfdb itself says little about a broken file: marks cut at an even byte are read as if they were all.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.errors import UserError

END_OF_MARKS = b"\0\0"  # the last annotation of a complete file in the MIT format
INVALID = {"212": -2048, "16": -32768}  # by signal format, the digital value of "no sample"


class Waveforms(NamedTuple):
    """The signals of one record, leads in the order of the header."""

    signal: np.ndarray  # (leads, samples) float32, in mV or in digital units
    leads: list[str]
    rate: float  # Hz
    comments: list[str]


def read_waveforms(record: Path, digital: bool = False) -> Waveforms:
    """The record at `record` (a path without suffix), in mV or, where it is not calibrated, in
    `digital` units.

    Raises UserError naming the file if it is missing, unreadable or of another length than the
    header says."""
    import wfdb

    header = record.with_suffix(".hea")
    try:
        about: Any = wfdb.rdheader(str(record))
        leads, formats, units = list(about.sig_name), set(about.fmt), set(about.units)
        where = ", ".join(str(record.with_name(name)) for name in sorted(set(about.file_name)))
        expected = (int(about.sig_len), len(leads))
    except FileNotFoundError:
        raise UserError(f"{header}: there is no such file") from None
    except Exception as error:  # wfdb raises whatever its parser stumbles over
        raise UserError(
            f"{header}: not readable as a WFDB header ({type(error).__name__}: {error})"
        ) from None
    if not formats <= INVALID.keys() or not (digital or units == {"mV"}):
        raise UserError(
            f"{header}: formats {formats} in {units}, expected {' or '.join(INVALID)} in mV"
        )
    try:
        read: Any = wfdb.rdrecord(str(record), physical=False, return_res=16)
    except FileNotFoundError:
        raise UserError(f"{where}: there is no such file") from None
    except Exception as error:
        raise UserError(
            f"{where}: not readable as the {expected[0]} samples x {expected[1]} leads of {header}"
            f" ({error})"
        ) from None
    if read.d_signal.shape != expected:
        raise UserError(
            f"{where}: {read.d_signal.shape} samples and leads, expected the {expected} of {header}"
        )
    stored = np.ascontiguousarray(read.d_signal.T)
    if invalid := np.count_nonzero(
        stored == _column([INVALID[kind] for kind in about.fmt], np.int16)
    ):
        raise UserError(f"{where}: {invalid} samples are marked as invalid")
    signal = stored.astype(np.float32)
    if not digital:
        signal -= _column(about.baseline, np.float32)
        signal /= _column(about.adc_gain, np.float32)
    return Waveforms(signal, leads, float(about.fs), list(about.comments))


def _column(values: Sequence[float], kind: type[np.number]) -> np.ndarray:
    return np.array(values, kind)[:, None]


def read_marks(record: Path, samples: int) -> tuple[np.ndarray, list[str]]:
    """The expert's marks of a record of `samples` samples: positions (marks,) int64 and their
    symbols.

    Raises UserError naming the file if it is missing, cut short, unreadable or marks what the
    record lacks."""
    import wfdb

    path = record.with_suffix(".atr")
    try:
        complete = path.read_bytes().endswith(END_OF_MARKS)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    if not complete:
        raise UserError(f"{path}: cut short, the end mark (two zero bytes) is missing")
    try:
        marks: Any = wfdb.rdann(str(record), "atr")
    except Exception as error:
        raise UserError(
            f"{path}: not readable as WFDB annotations ({type(error).__name__}: {error})"
        ) from None
    positions = np.asarray(marks.sample, np.int64)
    if (
        len(positions) == 0
        or positions[0] < 0
        or positions[-1] >= samples
        or (np.diff(positions) < 0).any()
    ):
        found = f"{positions[0]} to {positions[-1]}" if len(positions) else "none"
        raise UserError(
            f"{path}: marks at samples {found}, expected ascending ones within 0 to {samples - 1}"
        )
    return positions, marks.symbol
