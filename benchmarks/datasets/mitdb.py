"""MIT-BIH Arrhythmia Database: 48 half-hour two-lead Holter records of 47 people, every beat
labelled by experts.

Split: DS1 and DS2 of de Chazal et al. 2004 (doi:10.1109/TBME.2004.827359), the four paced records
left out as ANSI/AAMI EC57 asks. Records 201 and 202 are one person, so 201 leaves DS1 and DS2 stays
as published."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.datasets import CLASSES, Record
from benchmarks.datasets.leads import canonical_order
from benchmarks.errors import UserError

NAME = "mitdb"
TITLE = "MIT-BIH Arrhythmia Database"
VERSION = "1.0.0"
LICENCE = "ODC-By 1.0"
CITATION = (
    "G. B. Moody, R. G. Mark. The impact of the MIT-BIH Arrhythmia Database. IEEE Engineering in"
    " Medicine and Biology 20(3):45-50, 2001. doi:10.1109/51.932724. PhysioNet, doi:10.13026/C2F305"
)
URL = "https://physionet.org/files/mitdb/1.0.0/"
RATE = 360.0  # Hz
# Of most records; the second is V2, V4 or V5 in eight, two paced records have no MLII.
LEADS = ("MLII", "V1")
NOTE = (
    "A board for reproduction, not for discovery: its test patients (DS2) have been tuned on for"
    " twenty years."
)
CAVEAT = (
    "The 22 test patients of this board are those by which nearly every paper on heartbeats since"
    " 2004 has chosen its method, and makers of some rows here have looked at them too. A small"
    " gain on it is no discovery. It is a board for reproduction: it says what methods do under one"
    " protocol, and lets you make each number again."
)
NOISE = "nstdb"  # the data set that gives this one real noise

# Beat symbols of the database by class of ANSI/AAMI EC57; every other symbol marks no beat.
AAMI = {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}
SYMBOLS = {symbol: label for label, symbols in AAMI.items() for symbol in symbols}
LABELS = {symbol: CLASSES.index(label) for symbol, label in SYMBOLS.items()}
NO_BEAT = 255

TRAIN = tuple(
    map(str, (101, 106, 108, 109, 112, 115, 116, 118, 119, 122, 203, 207, 208, 209, 223, 230))
)
VALIDATION = tuple(map(str, (114, 124, 205, 215, 220)))
TEST = tuple(
    map(
        str,
        (
            100,
            103,
            105,
            111,
            113,
            117,
            121,
            123,
            200,
            202,
            210,
            212,
            213,
            214,
            219,
            221,
            222,
            228,
            231,
            232,
            233,
            234,
        ),
    )
)
PACED = ("102", "104", "107", "217")
RECORDS = tuple(sorted((*TRAIN, *VALIDATION, *TEST, *PACED, "201")))
SPLITS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}

# Records are named after their person but for 201, cut from the same analogue tape as 202.
PERSON = {name: name for name in RECORDS} | {"201": "202"}


def records(folder: Path) -> Iterator[Record]:
    """Every record in `folder`, one by one: signals in mV, leads in canonical order, beats of the
    AAMI classes alone.

    Each file is held against the committed sha256 list before it is read. Raises UserError naming
    the file."""
    from benchmarks.datasets.fetch import listed, verify
    from benchmarks.datasets.wfdb_files import read_marks, read_waveforms

    files = {file.name: file for file in listed(NAME)}
    for name in RECORDS:
        verify(NAME, folder, [files[f"{name}.{suffix}"] for suffix in ("hea", "dat", "atr")])
        waveforms = read_waveforms(folder / name)
        if waveforms.rate != RATE or len(waveforms.leads) != len(LEADS):
            found = f"{len(waveforms.leads)} leads at {waveforms.rate} Hz"
            raise UserError(
                f"{folder / name}.hea: {found}, expected {len(LEADS)} leads at {RATE} Hz"
            )
        order = canonical_order(waveforms.leads)
        positions, symbols = read_marks(folder / name, waveforms.signal.shape[1])
        labels = np.array([LABELS.get(symbol, NO_BEAT) for symbol in symbols], np.uint8)
        beat = labels != NO_BEAT
        yield Record(
            name=name,
            patient=PERSON[name],
            leads=tuple(waveforms.leads[index] for index in order),
            signal=waveforms.signal if order == [0, 1] else waveforms.signal[order],
            rate=RATE,
            beats=positions[beat],
            labels=labels[beat],
        )
