"""How the trainings of a row went: what they wrote beside their weights (`history.json`), kept with
the board.

    leaderboard/curves/BOARD/ROW.json
    {"pretrain": {"0": {"step": [...], "training": [...], "validation": [...]}}}

by stage (`pretrain` or a task) and seed; a row that learns nothing step by step has an empty one.
"""

import json
from pathlib import Path

from benchmarks import places
from benchmarks.contract import TASKS
from benchmarks.errors import UserError
from benchmarks.files import write_text
from benchmarks.settings import ROOT

STAGES = ("pretrain", *TASKS)
COLUMNS = ("step", "training", "validation")

Histories = dict[str, dict[str, dict[str, list[float]]]]


def place(board: str, row: str, root: Path = ROOT) -> Path:
    """The file of a row's learning curves."""
    return root / places.curves(board, f"{row}.json")


def gather(runs: Path) -> Histories:
    """The checks of each training below a row's `runs`; raises UserError where one is no list of
    such checks."""
    found: Histories = {}
    for stage in STAGES:
        for path in sorted(runs.glob(f"{stage}/model/*/history.json")):
            try:
                checks = json.loads(path.read_text())
                table = {
                    column: [float(f"{check[column]:.5g}") for check in checks]
                    for column in COLUMNS
                }
            except (ValueError, TypeError, KeyError):
                table = {}
            if not table.get("step"):
                raise UserError(
                    f"{path}: expected a list of objects with the numbers {', '.join(COLUMNS)}"
                )
            found.setdefault(stage, {})[places.seed_number(path.parent.name)] = table
    return found


def write_histories(board: str, row: str, root: Path = ROOT) -> Path:
    """Keep what the trainings of a row's runs wrote; returns the path of the file."""
    target = place(board, row, root)
    lines = json.dumps(gather(root / places.run(board, row))).replace('}, "', '},\n "')
    write_text(target, lines + "\n")
    return target


def read_histories(board: str, row: str, root: Path = ROOT) -> Histories:
    """What is kept of a row's trainings; empty where nothing is. Raises UserError where it can't be
    read."""
    path = place(board, row, root)
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise UserError(
            f"{path}: not readable as JSON ({error}); make it again: pqrst repro {board}"
        ) from None
