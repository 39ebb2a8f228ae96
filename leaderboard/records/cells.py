"""What a board is made from: the score documents of its rows in their order, and its cells as
`board.json` has them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from benchmarks import places
from benchmarks.contract import CLASSES, TASKS, Family
from benchmarks.errors import UserError
from benchmarks.metrics.table import METRICS
from benchmarks.settings import ROOT, board_rows, family
from leaderboard.analysis.statistics import jackknife_macro_f1, patient_mean_interval
from leaderboard.records.boards import Cell, Summary
from leaderboard.records.reproduced import Entry, remade
from leaderboard.scoring.documents import Document, rounded

FAMILIES = ("control", *get_args(Family))
BESIDE = (places.COSTS, places.EXAMPLES)  # beside a row's score documents


def rows_in_order(board: str, root: Path = ROOT) -> list[str]:
    """The rows of a board as every table of it has them: by family, controls first; in one family
    by folder."""
    return sorted(board_rows(board, root), key=lambda row: FAMILIES.index(family(row, root)))


def read_documents(board: str, root: Path = ROOT) -> tuple[list[Document], Document]:
    """The score documents of a board in the order of its rows, and what each row's cells cost."""
    documents, costs, unreadable = [], {}, []
    for path in sorted((root / places.scores(board)).glob("*/*.json")):
        try:
            found = json.loads(path.read_text(), parse_constant=_no_number)
        except ValueError as error:
            unreadable.append(f"{path}: not readable as JSON ({error}); score the row again")
            continue
        if path.name == places.COSTS:
            costs[path.parent.name] = found
        if path.name in BESIDE:
            continue
        if (
            not isinstance(found, dict)
            or not {"row", "task", "seed", "status", "provenance"} <= found.keys()
        ):
            unreadable.append(
                f"{path}: no score document: row, task, seed, status or provenance is missing"
            )
        elif (
            found["row"] != path.parent.name
            or places.document(found["task"], found["seed"]) != path.name
        ):
            unreadable.append(
                f"{path}: says that it is {found['row']}/{found['task']}-{found['seed']}"
            )
        else:
            documents.append(found)
    if unreadable:
        raise UserError("\n".join(unreadable))
    names = rows_in_order(board, root)
    documents.sort(key=lambda found: (_rank(found["row"], names), _rank(found["task"], TASKS)))
    return documents, costs


def _rank(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def summaries(scenario: Document) -> dict[str, Summary]:
    """Each metric of a scored scenario over its test patients; the bounds are None where it has no
    interval."""
    table = scenario["patients"]
    test = np.array([split == "test" for split in table["split"]])
    summed = {}
    for metric, value in scenario["metrics"].items():
        low = high = None
        kind = METRICS[metric].interval
        if kind == "jackknife":
            shape = (-1, len(CLASSES), len(CLASSES))
            _, low, high = map(
                rounded, jackknife_macro_f1(np.array(table["confusion"]).reshape(shape)[test])
            )
        elif kind == "t":
            _, low, high = map(rounded, patient_mean_interval(np.array(table[metric], float)[test]))
        summed[metric] = Summary(value=value, low=low, high=high)
    return summed


def cells(documents: list[Document], costs: Document, reproduced: dict[str, Entry]) -> list[Cell]:
    """Every cell as `board.json` holds it: status, summaries, cost, provenance and whether it was
    made again, without the patients' table."""
    again = remade(documents, reproduced)
    kept = []
    for document in documents:
        spent = costs.get(document["row"], {}).get(
            places.cost(document["task"], document["seed"]), {}
        )
        scenarios = {
            name: (
                {key: value for key, value in scenario.items() if key != "patients"}
                | ({"metrics": summaries(scenario)} if scenario["status"] == "scored" else {})
            )
            for name, scenario in document["scenarios"].items()
        }
        about = {
            "scenarios": scenarios,
            "cost": {key: value for key, value in spent.items() if key != "calls"},
            "reproduced": again[document["row"], document["task"]],
        }
        kept.append(Cell.model_validate({**document, **about}))
    return kept


def counts(cells: list[Cell]) -> str:
    """How many cells have each status, the scored ones first: `112 scored, 64 not-applicable`."""
    each = [cell.status for cell in cells]
    return ", ".join(
        f"{each.count(status)} {status}"
        for status in sorted(set(each), key=lambda s: (s != "scored", s))
    )
