"""Read the score documents and costs of a board, and make the cells of `board.json` from them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from benchmarks import places
from benchmarks.contract import CLASSES, TASKS, Family
from benchmarks.errors import UserError
from benchmarks.metrics.table import METRICS
from benchmarks.settings import ROOT, board_rows, family
from leaderboard.analysis.statistics import jackknife_macro_f1, patient_mean_interval
from leaderboard.records.boards import Cell, Summary
from leaderboard.records.reproduced import Entry, remade
from leaderboard.scoring.documents import Document, ScoreDocument, parse_document, rounded

FAMILIES = ("control", *get_args(Family))
BESIDE = (places.COSTS, places.EXAMPLES)  # beside a row's score documents


def rows_in_order(board: str, root: Path = ROOT) -> list[str]:
    """The rows of a board as every table of it has them: by family, controls first; in one family
    by folder."""
    return sorted(board_rows(board, root), key=lambda row: FAMILIES.index(family(row, root)))


class Refused(NamedTuple):
    """A score file that holds no document of this harness, and why."""

    path: Path
    why: str

    @property
    def name(self) -> str:
        """The cell that the file is named for: ROW/TASK-SEED."""
        return f"{self.path.parent.name}/{self.path.stem}"


class Scores(NamedTuple):
    """The score files of a board: documents in the order of its rows, what each row's cells cost,
    and the files that hold no document."""

    documents: list[ScoreDocument]
    costs: Document
    refused: list[Refused]


def read_scores(board: str, root: Path = ROOT) -> Scores:
    """What lies in `leaderboard/scores/BOARD`."""
    documents, costs, refused = [], {}, []
    for path in sorted((root / places.scores(board)).glob("*/*.json")):
        try:
            content = _read_json(path)
            if path.name == places.COSTS:
                costs[path.parent.name] = content
            elif path.name not in BESIDE:
                documents.append(_read_document(path, content))
        except UserError as error:
            refused.append(Refused(path.relative_to(root), str(error)))
    names = rows_in_order(board, root)
    documents.sort(key=lambda score: (_rank(score.row, names), _rank(score.task, TASKS)))
    return Scores(documents, costs, refused)


def read_documents(board: str, root: Path = ROOT) -> tuple[list[ScoreDocument], Document]:
    """The score documents of a board in the order of its rows, and what each row's cells cost.
    Raises UserError naming every score file that holds no document of this harness."""
    documents, costs, refused = read_scores(board, root)
    if refused:
        raise UserError("\n".join(f"{root / file.path}: {file.why}" for file in refused))
    return documents, costs


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(), parse_constant=_no_number)
    except ValueError as error:
        raise UserError(f"not readable as JSON ({error}); score the row again") from None


def _read_document(path: Path, content: Any) -> ScoreDocument:
    document = parse_document(content)
    file = places.document(document.task, document.seed)
    if (document.row, file) != (path.parent.name, path.name):
        raise UserError(f"says that it is {document.name}")
    return document


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
    statuses = [cell.status for cell in cells]
    return ", ".join(
        f"{statuses.count(status)} {status}"
        for status in sorted(set(statuses), key=lambda s: (s != "scored", s))
    )
