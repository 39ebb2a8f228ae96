"""Small windows with known answers, and what a row that completes a lead from itself makes of
them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from methods.kit.contract.call import Call, read_json
from methods.kit.contract.windows import Windows
from tests.helpers.load_method import load as load_method

METHODS = Path(__file__).parents[2] / "methods"


RATE = 250.0


FOLDERS = ("mean", "noise", "comb", "linear", "spline", "seasonal-repeat", "autoregressive")


ROWS = {
    row: (folder, params)
    for folder in FOLDERS
    for row, params in read_json(METHODS / folder / "params.json").items()
}


GAP = {"name": "gap", "task": "interpolation", "hides": "gap", "seconds": 1.0}


MAINS = {folder: load_method(folder) for folder in FOLDERS}


def call_of(row: str, root: Path, seed: int = 0) -> Call:
    return Call("predict", "interpolation", ROWS[row][1], seed, {"steps": 1, "windows": 1}, root)


def case_of(signal: np.ndarray, **scenario: Any) -> Windows:
    """A case of `signal` (leads, samples) or (windows, leads, samples) with its NaN."""
    windows = np.asarray(signal, np.float32).reshape(-1, *signal.shape[-2:])
    windows.flags.writeable = False
    return Windows(
        windows,
        [["MLII", "V1"][: windows.shape[1]]] * len(windows),
        None,
        RATE,
        {**GAP, **scenario},
    )


def predict(row: str, signal: np.ndarray, root: Path, **scenario: Any) -> np.ndarray:
    """What `row` makes of `signal`, in its shape, a fit being taken to have chosen order 200 and
    hardly any ridge."""
    case = case_of(signal, **scenario)
    call = call_of(row, root)
    call.model.mkdir(exist_ok=True)
    (call.model / "chosen.json").write_text(
        json.dumps({GAP["name"]: {"order": 200, "ridge": 1e-9}})
    )
    return MAINS[ROWS[row][0]].predict(case, call).reshape(signal.shape)


def hide(signal: np.ndarray, start: int, stop: int) -> np.ndarray:
    damaged = np.array(signal, np.float64)
    damaged[..., start:stop] = np.nan
    return damaged


def sine(frequency: float = 1.3, samples: int = 2500) -> np.ndarray:
    """Two leads of one sine, of unequal size and offset."""
    wave = np.sin(2 * np.pi * frequency * np.arange(samples) / RATE)
    return np.stack([wave, 0.4 * wave + 0.3])


def beats(times: np.ndarray, samples: int = 2500) -> np.ndarray:
    """Two leads with a narrow and a wide wave at each time, in samples."""
    offset = np.arange(samples)[:, None] - times
    lead = (np.exp(-0.5 * (offset / 4) ** 2) + 0.3 * np.exp(-0.5 * ((offset - 60) / 15) ** 2)).sum(
        axis=1
    )
    return np.stack([lead, -0.5 * lead])


def rmse(made: np.ndarray, true: np.ndarray) -> float:
    return float(np.sqrt(np.mean((made - true) ** 2)))
