"""The form of a score document: its models, its version, and how its numbers are written."""

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat

from benchmarks.contract import FailureKind, Task

HARNESS_VERSION = 2
DIGITS = 6  # significant digits of a published number

# What `key` digests.
MADE_FROM = ("source", "params", "pretraining", "budget", "data", "seed", "contract", "harness")

Document = dict[str, Any]


class Provenance(BaseModel):
    """What a score was made from; `key` and `column` are digests of the rest."""

    data: dict[Literal["predict", "truth", "fit"], str]
    source: str
    params: dict[str, Any]
    pretraining: dict[str, Any] | None
    budget: dict[str, int] | None
    seed: int
    contract: int
    harness: int
    scorer: str
    key: str
    column: str


class ScenarioScore(BaseModel):
    """The numbers of one scenario; `patients` holds one list per column, one entry per patient."""

    model_config = ConfigDict(extra="allow")
    status: Literal["scored", "not-applicable"]
    primary: str | None = None
    metrics: dict[str, FiniteFloat | None] = {}
    patients: dict[str, list[Any]] = {}


class ScoreDocument(BaseModel):
    """One cell and seed of a board, as `pqrst score` writes it."""

    model_config = ConfigDict(extra="allow")
    contract_version: int
    board: str
    row: str
    family: str
    task: Task
    seed: int
    status: Literal["scored"] | FailureKind
    reason: str
    scenarios: dict[str, ScenarioScore]
    provenance: Provenance


def name(document: Document) -> str:
    """How a document is called in a message: ROW/TASK-SEED."""
    return f"{document['row']}/{document['task']}-{document['seed']}"


def recorded_source(folder: Path, group: str) -> str:
    """The digest of a group of sources that the last `pqrst sync` wrote into the folder's
    source.json."""
    return json.loads((folder / "source.json").read_text())[group]


def rounded(value: float) -> float | None:
    """A number as it is published; None where it is not defined."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def dump(document: Document, depth: int = 0) -> str:
    """JSON that a person can read and git can compare: lists on one line, one key per line,
    deterministic."""
    if not isinstance(document, dict) or not document:
        return json.dumps(document, allow_nan=False)
    if all(not isinstance(value, dict | list) for value in document.values()) and depth > 1:
        return json.dumps(document, allow_nan=False)
    inner = " " * (depth + 1)
    lines = [
        f"{inner}{json.dumps(str(key))}: {dump(value, depth + 1)}"
        for key, value in document.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}" + ("\n" if depth == 0 else "")
