"""Windows of one length, and the answer to a completion task."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from methods.kit.contract.call import Call, Step, answer, read_json, write_array


@dataclass(frozen=True)
class Windows:
    """Windows of one length: training windows, or (with `scenario`) a case in which hidden samples
    are NaN."""

    signal: np.ndarray  # (windows, leads, samples) float32 in mV, memory-mapped
    leads: list[list[str]]  # lead names of each window
    patients: np.ndarray | None  # (windows,) int, one number per person; None in a case
    rate: float  # Hz
    scenario: dict[str, Any] | None  # what is hidden or spoilt, see the contract's `Scenario`

    def wanted(self, index: int | slice = slice(None)) -> np.ndarray:
        """True where a sample is to be estimated: the hidden ones, or all where noise was added."""
        signal = self.signal[index]
        return np.ones(signal.shape, bool) if self.noisy else np.isnan(signal)

    @property
    def noisy(self) -> bool:
        """True where the scenario adds noise to a fully visible signal."""
        return self.scenario is not None and self.scenario["hides"] == "noise"


def read_windows(folder: Path) -> Windows:
    """The window set or completion case in `folder`."""
    about = read_json(folder / "windows.json")
    patients = np.asarray(about["patients"]) if about.get("patients") is not None else None
    signal = np.load(folder / "windows.npy", mmap_mode="r", allow_pickle=False)
    return Windows(signal, about["leads"], patients, about["rate"], about.get("scenario"))


def complete(call: Call, predict: Callable[[Windows, Call], np.ndarray]) -> None:
    """Write what `predict(case, call)` makes of the call's case, windows (windows, leads, samples)
    in mV."""
    write_array(call.out / "prediction.npy", predict(read_windows(call.case), call))


def serve(
    predict: Callable[[Windows, Call], np.ndarray],
    fit: Step | None = None,
    pretrain: Step | None = None,
) -> None:
    """Answer a call to a method of completion tasks.

    `predict(case, call)` returns the completed windows (windows, leads, samples) in mV;
    `fit(call)` and `pretrain(call)` read `call.data` and write into `call.model`."""
    answer(lambda call: complete(call, predict), fit, pretrain)
