"""The board as the README shows it: point estimates of the rows that are no control, and of the
flat line."""

import re
from pathlib import Path

from tabulate import tabulate

from benchmarks.contract import TASKS
from benchmarks.files import write_if_changed
from benchmarks.metrics.table import Metric
from leaderboard.records.boards import Cell, ranked_by


def summary_table(cells: list[Cell]) -> str:
    """One Markdown table of all tasks: a row per method, a column per scenario, the primary metric
    in each."""
    scenarios = {name: metric for task in TASKS for name, metric in ranked_by(cells, task).items()}
    rows: dict[str, dict[str, float]] = {"*flat line, prior*": {}}
    for cell in cells:
        if cell.seed == 0 and (cell.family != "control" or cell.row in ("mean", "prior")):
            name = cell.row if cell.family != "control" else "*flat line, prior*"
            rows.setdefault(name, {}).update(_values(cell, scenarios))
    best = {
        name: metric.best_of(values[name] for values in rows.values() if name in values)
        for name, metric in scenarios.items()
    }
    lines = [
        [row, *(_shown(values.get(name), best[name]) for name in scenarios)]
        for row, values in rows.items()
    ]
    head = [f"{name}{metric.mark}" for name, metric in scenarios.items()]
    return tabulate(lines, ["", *head], tablefmt="github", disable_numparse=True)


def _values(cell: Cell, scenarios: dict[str, Metric]) -> dict[str, float]:
    """The metric that ranks each scenario that a cell has a score for."""
    values = {name: cell.value(name, metric) for name, metric in scenarios.items()}
    return {name: value for name, value in values.items() if value is not None}


def _shown(value: float | None, best: float | None) -> str:
    if value is None:
        return ""
    return f"**{value:.2f}**" if value == best else f"{value:.2f}"


def update_readme(path: Path, board: str, cells: list[Cell]) -> bool:
    """Put the board's table between its marks in the README; True if that changed it."""
    begin, end = f"<!-- board:{board} -->", f"<!-- /board:{board} -->"
    text = path.read_text() if path.exists() else ""
    if begin not in text:
        return False
    table = summary_table(cells).replace("\\", r"\\")
    return write_if_changed(
        path, re.sub(f"{begin}.*{end}", f"{begin}\n{table}\n{end}", text, flags=re.DOTALL)
    )
