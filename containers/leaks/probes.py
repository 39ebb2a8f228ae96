"""The probes of a board: hashes of blocks of its records, windows and labels, as they would stand
in an image."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.contract import CLASSES
from benchmarks.errors import UserError
from containers.leaks.kernels import BLOCK, POWERS

# Samples between probes of signals: two in each lead of a window, so that no single window passes.
STRIDE = 1024


def probes(cases: Path, raw: list[Path]) -> np.ndarray:
    """Hashes of a board's probes, sorted and unique: uint64 (probes,).

    `cases` is data/boards/BOARD; `raw` are folders with `.dat` and `.atr` files, if any. Signals:
    records and windows as they lie on disk, windows as float16 and float64 too, raw bytes. Labels:
    codes, digits and letters of the AAMI classes, raw marks. Raises OSError where a file of the
    board is missing, UserError where no probe can be taken."""
    windows = np.load(cases / "truth/windows.npy", mmap_mode="r", allow_pickle=False)
    beats = [
        record["beats"]
        for record in json.loads((cases / "truth/beats.json").read_text())["records"]
    ]
    labels = np.split(
        np.load(cases / "truth/labels.npy", allow_pickle=False), np.cumsum(beats)[:-1]
    )
    labels += [np.load(path, allow_pickle=False) for path in sorted(cases.rglob("labels_*.npy"))]
    alphabets = [
        np.frombuffer(text, np.uint8)
        for text in (bytes(range(5)), b"01234", "".join(CLASSES).encode())
    ]
    found = [_hashes(windows, STRIDE, kind) for kind in (np.float16, np.float32, np.float64)]
    for path in sorted(cases.rglob("signal_*.npy")):
        found.append(_hashes(np.load(path, mmap_mode="r", allow_pickle=False), STRIDE))
    found += [
        _hashes(alphabet[beat], BLOCK, piece=8, least=24)
        for beat in labels
        for alphabet in alphabets
    ]
    for folder in raw:
        waves, marks = (sorted(folder.rglob(kind)) for kind in ("*.dat", "*.atr"))
        if not waves:
            raise UserError(f"{folder}: it holds no .dat file to take probes of")
        found += [_hashes(np.fromfile(path, np.uint8), 4 * STRIDE) for path in waves]
        found += [_hashes(np.fromfile(path, np.uint8), BLOCK) for path in marks]
    known = np.unique(np.concatenate(found))
    if not known.size:
        raise UserError(
            f"{cases}: its signals and labels are too short or too plain to take probes of"
        )
    return known


def _hashes(
    data: np.ndarray, stride: int, kind: Any = None, piece: int = 1, least: int = 16
) -> np.ndarray:
    """Hashes of the blocks, `stride` values apart, of `data` as `kind`, that hold `least` distinct
    pieces of bytes.

    Sixteen distinct bytes are more than a flat signal has. Of eight labels in a row, a lone ectopic
    beat among normal ones makes 9 distinct pieces and a rhythm of period p makes p; 24 stand in no
    unrelated file by chance."""
    kind = np.dtype(kind or data.dtype)
    if data.size * kind.itemsize < BLOCK:
        return np.empty(0, np.uint64)
    values = sliding_window_view(data.reshape(-1), BLOCK // kind.itemsize)[::stride]
    blocks = np.ascontiguousarray(values, kind).view(np.uint8)
    pieces = np.ascontiguousarray(sliding_window_view(blocks, piece, axis=1)).view(f"u{piece}")[
        ..., 0
    ]
    distinct = 1 + np.count_nonzero(np.diff(np.sort(pieces, axis=1), axis=1), axis=1)
    return (blocks[distinct >= least] * POWERS).sum(axis=1, dtype=np.uint64)
