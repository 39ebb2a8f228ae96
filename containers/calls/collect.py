"""Read what a method wrote without executing any of it, and check it against what was asked.

Each check raises InvalidOutput with a message that an author understands: what was expected, what
was found."""

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

LONGEST_HEADER = 10 * 2**20  # bytes
LARGEST_MV = 1000.0  # an ECG is a few mV; float16, in which predictions are kept, ends at 65 504


class InvalidOutput(ValueError):
    """What a method wrote is not what the contract asks for."""


def read_array(folder: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """`folder/name`: a float32 array of `shape`, never pickled."""
    path = folder / name
    if not path.exists():
        found = sorted(entry.name for entry in folder.iterdir()) or "nothing"
        raise InvalidOutput(f"/out/{name} is missing; the method wrote {found}")
    if path.stat().st_size == 0:
        raise InvalidOutput(f"/out/{name} is an empty file")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    # A header can make numpy fail in many ways, and none of them is our trouble.
    except Exception as error:
        raise InvalidOutput(f"/out/{name} can't be read as a plain .npy array: {error}") from None
    if not isinstance(array, np.ndarray):
        raise InvalidOutput(f"/out/{name} is an archive, expected one plain .npy array")
    if array.dtype != np.float32:
        raise InvalidOutput(f"/out/{name} has dtype {array.dtype}, expected float32")
    if array.shape != shape:
        short = (
            f": {shape[0] - array.shape[0]} items too few"
            if array.ndim and array.shape[0] < shape[0]
            else ""
        )
        raise InvalidOutput(f"/out/{name} has shape {array.shape}, expected {shape}{short}")
    return array


def read_prediction(folder: Path, wanted: np.ndarray) -> np.ndarray:
    """The wanted samples of `prediction.npy` (windows, leads, samples) in C order, as float16."""
    array = read_array(folder, "prediction.npy", wanted.shape)
    values = np.asarray(array[wanted])
    bad = ~np.isfinite(values)
    if bad.any():
        window, lead, sample = (int(axis[np.flatnonzero(bad)[0]]) for axis in np.nonzero(wanted))
        raise InvalidOutput(
            f"/out/prediction.npy is not finite at {bad.sum()} of {bad.size} wanted samples, "
            f"the first in window {window}, lead {lead}, sample {sample}"
        )
    if np.abs(values, out=values.copy()).max(initial=0) > LARGEST_MV:
        raise InvalidOutput(
            f"/out/prediction.npy holds values beyond {LARGEST_MV:g} mV; signals are in mV"
        )
    return values.astype(np.float16)


def read_probabilities(folder: Path, beats: int, classes: int) -> np.ndarray:
    """`probabilities.npy` (beats, classes): rows sum to 1."""
    array = np.asarray(read_array(folder, "probabilities.npy", (beats, classes)))
    if not np.isfinite(array).all():
        beat = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise InvalidOutput(f"/out/probabilities.npy is not finite, first at beat {beat}")
    if (array < 0).any() or not np.allclose(array.sum(axis=1), 1, atol=1e-3):
        wrong = (array < 0).any(axis=1) | ~np.isclose(array.sum(axis=1), 1, atol=1e-3)
        beat = int(np.flatnonzero(wrong)[0])
        raise InvalidOutput(
            f"/out/probabilities.npy: beat {beat} has {array[beat].tolist()}, expected shares of 1"
        )
    return array


def read_learnt(model: Path) -> tuple[int | None, int | None]:
    """What a method says of its own learning, for the costs: the numbers held in `model`'s
    safetensors, by their headers, and the last step of `history.json`. None where a file is missing
    or says it otherwise: neither is asked for by the contract."""
    parameters = steps = None
    with suppress(OSError, ValueError, TypeError, KeyError, IndexError, RecursionError):
        steps = int(
            _json(model / "history.json", (model / "history.json").stat().st_size)[-1]["step"]
        )
    for path in sorted(model.glob("*.safetensors")):
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
            header = _json(path, length, skip=8)
            shapes = [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]
            parameters = (parameters or 0) + sum(int(math.prod(shape)) for shape in shapes)
    return parameters, steps


def _json(path: Path, length: int, skip: int = 0) -> Any:
    if length > LONGEST_HEADER:
        raise ValueError(f"{path}: {length} bytes of JSON, expected at most {LONGEST_HEADER}")
    with path.open("rb") as file:
        file.seek(skip)
        return json.loads(file.read(length))
