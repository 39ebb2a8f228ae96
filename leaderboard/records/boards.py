"""A board that was made: the form of `board.json`, and its files for whoever shows or sends them
on."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmarks import places
from benchmarks.contract import parse
from benchmarks.errors import UserError
from benchmarks.metrics.table import METRICS, Metric
from benchmarks.settings import ROOT
from leaderboard.analysis.document import Analysis
from leaderboard.records.reproduced import Remade


class Record(BaseModel):
    """A part of `board.json`. Keys that another version of PQRST wrote are passed over, so that two
    states of a board can be compared."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def plain(self) -> dict[str, Any]:
        """What is written: keys in their order, none that was not given."""
        return self.model_dump(exclude_unset=True)


class Summary(Record):
    """A metric over the test patients; the bounds are None where it has no interval."""

    value: float | None
    low: float | None = None
    high: float | None = None


class CellScenario(Record):
    """One scenario of a cell: `primary` is the metric that ranks it, `tau` belongs to the decision
    rule for heartbeats."""

    status: str
    primary: str = ""
    tau: float | None = None
    metrics: dict[str, Summary] = {}

    def value(self, metric: str) -> float | None:
        """The value of a metric; None where there is none."""
        return self.metrics[metric].value if metric in self.metrics else None


class Cell(Record):
    """One row, task and seed. A failure has its kind as status, a reason, and no scenario."""

    contract_version: int = 0
    board: str
    row: str
    family: str
    task: str
    seed: int
    status: str
    reason: str
    scenarios: dict[str, CellScenario]
    provenance: dict[str, Any]
    cost: dict[str, Any] = {}
    reproduced: Remade | None = None

    @property
    def name(self) -> str:
        """Its key in `board.json`: ROW/TASK-SEED."""
        return f"{self.row}/{self.task}-{self.seed}"

    def value(self, scenario: str, metric: Metric) -> float | None:
        """The value of a metric in a scenario; None where there is none."""
        shown = self.scenarios.get(scenario)
        return shown.value(metric.name) if shown else None

    def summary(self, scenario: str, metric: Metric) -> Summary | None:
        """A metric in a scenario with its interval; None where there is none."""
        shown = self.scenarios.get(scenario)
        return shown.metrics.get(metric.name) if shown else None


class Board(Record):
    """`board.json`, but for the board's settings."""

    board: str
    cells: dict[str, Cell]


def ranked_by(cells: Iterable[Cell], task: str) -> dict[str, Metric]:
    """The scenarios of a task in the order of the board, each with the metric that ranks it."""
    return {
        name: METRICS[scenario.primary]
        for cell in cells
        if cell.task == task
        for name, scenario in cell.scenarios.items()
        if scenario.status == "scored"
    }


def made_text(board: str, name: str = "board.json", root: Path = ROOT) -> str:
    """The text of a file of `leaderboard/boards/BOARD`; raises UserError where it is not made."""
    path = root / places.board(board, name)
    if not path.exists():
        raise UserError(f"{path}: not made yet; make it: pqrst repro {board}")
    return path.read_text()


def read_cells(board: str, root: Path = ROOT) -> list[Cell]:
    """The cells of a board that was made; raises UserError where it is not made."""
    content = json.loads(made_text(board, root=root))
    return list(parse(Board, content, f"{board}/board.json").cells.values())


def read_analysis(board: str, root: Path = ROOT) -> Analysis:
    """The analysis of a board that was made; raises UserError where it is not made."""
    content = json.loads(made_text(board, "analysis.json", root))
    return parse(Analysis, content, f"{board}/analysis.json")
