"""The form of a score document: its models, its version, and how its numbers are written."""

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat

from benchmarks.contract import CONTRACT_VERSION, FailureKind, Task, parse
from benchmarks.errors import UserError

HARNESS_VERSION = 2
DIGITS = 6  # significant digits of a published number

# What `key` digests.
MADE_FROM = ("source", "params", "pretraining", "budget", "data", "seed", "contract", "harness")

IDENTITY = {"row", "task", "seed", "status", "provenance"}  # the least that a document says

Document = dict[str, Any]
Kind = Literal["predict", "truth", "fit"]  # of data


class Provenance(BaseModel):
    """What a score was made from; `key` and `column` are digests of the rest."""

    data: dict[Kind, str]
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
    """The numbers of one scenario; `patients` holds one list per column, one entry per patient;
    `tau` is the harness's decision rule for beats."""

    model_config = ConfigDict(extra="allow")
    status: Literal["scored", "not-applicable"]
    primary: str | None = None
    tau: float | None = None
    metrics: dict[str, FiniteFloat | None] = {}
    patients: dict[str, list[Any]] = {}

    def of_test(self, column: str) -> list[Any]:
        """A column of the patients' table, test patients only."""
        pairs = zip(self.patients[column], self.patients["split"], strict=True)
        return [value for value, split in pairs if split == "test"]


class ScoreDocument(BaseModel):
    """The score of one cell, as `pqrst score` writes it."""

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

    @property
    def name(self) -> str:
        """How the cell is called in a message: ROW/TASK-SEED."""
        return f"{self.row}/{self.task}-{self.seed}"

    def scored(self) -> dict[str, ScenarioScore]:
        """The scenarios that have a score, by name."""
        return {name: score for name, score in self.scenarios.items() if score.status == "scored"}

    def plain(self) -> Document:
        """The document as it is written: keys in their order, none that was not given."""
        return self.model_dump(exclude_unset=True)


def parse_document(content: Any) -> ScoreDocument:
    """The content of a score file as a document of this harness; raises UserError for another
    version or form."""
    if not isinstance(content, dict) or not content.keys() >= IDENTITY:
        raise UserError("no score document: row, task, seed, status or provenance is missing")
    made_from = content["provenance"]
    if not isinstance(made_from, dict) or not made_from:
        raise UserError("has no provenance; score the row again")
    for what, ours in (("harness", HARNESS_VERSION), ("contract", CONTRACT_VERSION)):
        if made_from.get(what) != ours:
            raise UserError(
                f"was scored by {what} version {made_from.get(what)}, expected {ours}; score the"
                " row again"
            )
    try:
        return parse(ScoreDocument, content, "no score document")
    except UserError as error:
        raise UserError(f"{error}; score the row again") from None


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
