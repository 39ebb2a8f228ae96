"""What a page is made from, read from the board's folders. What may be missing is None or empty,
and the page says so; what is there and broken is an error that names the file.

    leaderboard/scores/BOARD/ROW/*.json          score documents, costs.json, examples.json
    leaderboard/curves/BOARD/ROW.json            how its trainings went (may be missing)
    leaderboard/boards/BOARD/analysis.json       comparisons and ranks (may be missing)
    leaderboard/published.yaml                   numbers of the literature
    leaderboard/reproduced.json                  verdicts of `pqrst reproduce` (may be missing)
"""

import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import datasets, places
from benchmarks.contract import parse
from benchmarks.errors import UserError
from benchmarks.settings import Row, board_rows, rows
from benchmarks.settings import board as find_board
from leaderboard.analysis.document import Analysis
from leaderboard.records.boards import Cell
from leaderboard.records.cells import cells, read_documents
from leaderboard.records.histories import Histories, read_histories
from leaderboard.records.literature import literature_rows
from leaderboard.records.notes import notes
from leaderboard.records.reproduced import Entry, read_reproduced
from leaderboard.scoring.documents import Document
from leaderboard.scoring.examples import QUESTIONS


@dataclass(frozen=True)
class Inputs:
    """Everything that a page shows."""

    board: str
    # The board's settings and notes; title, version, licence, citation and url of its data set.
    about: dict[str, Any]
    noise: dict[str, str] | None  # the same of the data set that gives it noise
    cells: list[Cell]  # as in board.json, in the order of the board
    confusions: dict[str, dict[str, list[int]]]  # row: {patient: 25 counts}, of the test patients
    methods: dict[str, dict[str, Any]]  # row: summary, reference and departures by its card
    questions: dict[str, Any]
    answers: dict[str, dict[str, Any]]  # row: scenario: what it made of the question
    analysis: Analysis | None
    published: list[dict[str, Any]]  # as `literature_rows` gives them
    reproduced: dict[str, Entry]  # ROW/TASK: the verdict on the run
    # Row: its trainings; the pretraining of a probe is that of the row that it probes.
    histories: dict[str, Histories]


def read_inputs(board: str, root: Path) -> Inputs:
    """Read a board; raises UserError naming the file that is broken."""
    scored, costs = read_documents(board, root)
    documents = [document.plain() for document in scored]
    reproduced = read_reproduced(root)
    scores, out = root / places.scores(board), root / places.board(board)
    shown = {path.parent.name: _json(path) for path in sorted(scores.glob(f"*/{places.EXAMPLES}"))}
    dataset = find_board(board, root).dataset
    data, *noise = map(datasets.load, datasets.sources(dataset))
    return Inputs(
        board=board,
        about={
            **find_board(board, root).model_dump(),
            **_facts(data),
            "notes": notes(board, root),
            "published": datasets.is_published(dataset),
        },
        noise=_facts(noise[0]) if noise else None,
        cells=cells(documents, costs, reproduced),
        confusions={row: table for row, table in map(_confusions, documents) if table},
        methods={name: _card(row) for name, row in rows(root).items()},
        questions=shown.pop(QUESTIONS, None) or {},
        answers=shown,
        analysis=_analysis(out / "analysis.json"),
        published=literature_rows(board, root),
        reproduced={
            name.removeprefix(f"{board}/"): last
            for name, last in reproduced.items()
            if name.startswith(f"{board}/")
        },
        histories={
            name: kept
            for name in board_rows(board, root)
            if (kept := _histories(board, name, root))
        },
    )


def _histories(board: str, row: str, root: Path) -> Histories:
    histories = read_histories(board, row, root)
    pretraining = rows(root)[row].pretraining if row in rows(root) else None
    if pretraining and pretraining != row:
        first = read_histories(board, pretraining, root)
        histories |= {"pretrain": first["pretrain"]} if "pretrain" in first else {}
    return histories


def _facts(data: ModuleType) -> dict[str, str]:
    return {
        name: getattr(data, name.upper(), "")
        for name in ("title", "version", "licence", "citation", "url", "note", "caveat")
    }


def _json(path: Path) -> Any:
    """A JSON file, None where there is none; raises UserError where it can't be read."""
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise UserError(
            f"{path}: not readable as JSON ({error}); make it again, or remove it"
        ) from None


def _analysis(path: Path) -> Analysis | None:
    content = _json(path)
    try:
        return None if content is None else parse(Analysis, content, f"{path}: no analysis")
    except UserError as error:
        raise UserError(f"{error}; make the board again") from None


def _confusions(document: Document) -> tuple[str, dict[str, list[int]]]:
    """A row and its confusions of each test patient, from the first seed's document."""
    scenario = document["scenarios"].get("heartbeat", {})
    if document["seed"] or scenario.get("status") != "scored":
        return document["row"], {}
    table = scenario["patients"]
    lines = zip(table["patient"], table["split"], table["confusion"], strict=True)
    return document["row"], {patient: counts for patient, split, counts in lines if split == "test"}


def _card(row: Row) -> dict[str, Any]:
    card = row.card
    return {
        "method": card.name,
        "summary": card.summary,
        "citation": card.reference.citation,
        "url": card.reference.url,
        "licence": card.reference.licence,
        "departures": card.departures,
        "deterministic": card.deterministic,
    }
