"""One call of a method: what is asked, with which parameters, and where the files lie.

The reference reader of the contract needs numpy and the standard library, nothing else. A
method may import it or ignore it; a method in another language reads the same files. A call is

    ENTRY VERB [TASK]        with the folders below under $PQRST_ROOT (default /)

| path          | in             | what                                                          |
|---------------|----------------|---------------------------------------------------------------|
| `call.json`   | every call     | verb, task, params of the row, seed, budget, contract_version |
| `data/`       | pretrain, fit  | `train/` and `validation/`: a window set, or labelled records |
| `pretrained/` | fit            | what `pretrain` wrote to its `/model`                         |
| `case/`       | predict        | one scenario's windows, or records and beat positions         |
| `model/`      | all            | written by pretrain and fit, read-only for predict            |
| `out/`        | predict        | `prediction.npy` or `probabilities.npy`                       |

Signals are float32, in mV; hidden samples are NaN. `methods.kit.contract.windows` reads windows and
answers completion tasks, `methods.kit.contract.records` reads records and answers classification.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Step = Callable[["Call"], None]


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
        """What is learnt from; in pretrain and fit."""
        return self.root / "data"

    @property
    def pretrained(self) -> Path:
        """What `pretrain` wrote to its `model`; in fit."""
        return self.root / "pretrained"

    @property
    def case(self) -> Path:
        """What is asked; in predict."""
        return self.root / "case"

    @property
    def model(self) -> Path:
        """What pretrain and fit write, and predict reads."""
        return self.root / "model"

    @property
    def out(self) -> Path:
        """Where predict writes its answer."""
        return self.root / "out"


def read_json(path: Path) -> Any:
    """The value of a JSON file."""
    return json.loads(path.read_text())


def write_array(path: Path, array: np.ndarray) -> None:
    """Write `array` as float32 under a temporary name, then rename it."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(array, np.float32), allow_pickle=False)
    temporary.rename(path)


def read_call(arguments: list[str]) -> Call:
    """The call that `call.json` describes; ends the process where `arguments` (verb and task) say
    another one."""
    root = Path(os.environ.get("PQRST_ROOT", "/"))
    about = read_json(root / "call.json")
    asked = (about["verb"], about["task"]) if about["task"] else (about["verb"],)
    if tuple(arguments) != asked:
        sys.exit(
            f"asked for {arguments} on the command line, but {root / 'call.json'} says"
            f" {list(asked)}"
        )
    return Call(about["verb"], about["task"], about["params"], about["seed"], about["budget"], root)


def answer(predict: Step, fit: Step | None = None, pretrain: Step | None = None) -> None:
    """Make the step that the command line and call.json ask for; ends the process where the method
    has none of that verb."""
    call = read_call(sys.argv[1:])
    step = {"predict": predict, "fit": fit, "pretrain": pretrain}.get(call.verb)
    if step is None:
        sys.exit(f"this method has no verb {call.verb!r}")
    step(call)
