"""The reference reader and writer of the contract: numpy and the standard library, nothing else.

A method may import this module or ignore it; a method in another language reads the same files. A
call is

    ENTRY VERB [TASK]        with the folders below under $PQRST_ROOT (default /)

| path           | in                | what                                                                    |
|----------------|-------------------|-------------------------------------------------------------------------|
| `call.json`    | every call        | verb, task, params of the variant, seed, budget, contract_version       |
| `data/`        | pretrain, fit     | `train/` and `validation/`: a window set, or a record set with labels   |
| `pretrained/`  | fit               | what `pretrain` wrote to its `/model`                                   |
| `case/`        | predict           | one scenario's windows, or records and beat positions                   |
| `model/`       | all               | written by pretrain and fit, read-only for predict                      |
| `out/`         | predict           | `prediction.npy` or `probabilities.npy`                                 |

Signals are float32, in mV; hidden samples are NaN.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Call:
    """One call of a method: what is asked, with which parameters, and where things lie."""

    verb: str
    task: str | None
    params: dict[str, Any]
    seed: int
    budget: dict[str, int]  # "steps" of training and "windows" seen at most
    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def pretrained(self) -> Path:
        return self.root / "pretrained"

    @property
    def case(self) -> Path:
        return self.root / "case"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def out(self) -> Path:
        return self.root / "out"


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


@dataclass(frozen=True)
class Record:
    """One whole record with its beats."""

    signal: np.ndarray  # (leads, samples) float32 in mV, memory-mapped
    leads: list[str]
    rate: float  # Hz
    beats: np.ndarray  # (beats,) int64, sample of each beat's mark
    labels: np.ndarray | None  # (beats,) uint8, index into `CLASSES`; None in a case
    patient: int | None  # one number per person; None in a case


# The AAMI classes, in the order of the columns of probabilities.npy.
CLASSES = ("N", "S", "V", "F", "Q")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def read_windows(folder: Path) -> Windows:
    """The window set or completion case in `folder`."""
    about = read_json(folder / "windows.json")
    patients = np.asarray(about["patients"]) if about.get("patients") is not None else None
    signal = np.load(folder / "windows.npy", mmap_mode="r", allow_pickle=False)
    return Windows(signal, about["leads"], patients, about["rate"], about.get("scenario"))


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


def write_array(path: Path, array: np.ndarray) -> None:
    """Write `array` as float32 under a temporary name, then rename it."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(array, np.float32), allow_pickle=False)
    temporary.rename(path)


def read_call(arguments: list[str]) -> Call:
    root = Path(os.environ.get("PQRST_ROOT", "/"))
    about = read_json(root / "call.json")
    asked = (about["verb"], about["task"]) if about["task"] else (about["verb"],)
    if tuple(arguments) != asked:
        sys.exit(
            f"asked for {arguments} on the command line, but {root / 'call.json'} says"
            f" {list(asked)}"
        )
    return Call(about["verb"], about["task"], about["params"], about["seed"], about["budget"], root)


def serve(
    predict: Callable[[Any, Call], np.ndarray],
    fit: Callable[[Call], None] | None = None,
    pretrain: Callable[[Call], None] | None = None,
) -> None:
    """Answer the call that the command line and call.json describe.

    `predict(case, call)` gets `Windows` in a completion task and returns the completed windows
    (windows, leads, samples) in mV; it gets the list of `Record` in classification and returns
    (beats of all records, 5) probabilities. `fit(call)` and `pretrain(call)` read `call.data` and
    write into `call.model`."""
    call = read_call(sys.argv[1:])
    if call.verb == "predict" and call.task == "classification":
        write_array(call.out / "probabilities.npy", predict(read_records(call.case), call))
    elif call.verb == "predict":
        write_array(call.out / "prediction.npy", predict(read_windows(call.case), call))
    elif call.verb == "fit" and fit is not None:
        fit(call)
    elif call.verb == "pretrain" and pretrain is not None:
        pretrain(call)
    else:
        sys.exit(f"this method has no verb {call.verb!r}")
