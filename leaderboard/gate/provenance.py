"""Every score is made from the data, sources and parameters that the project holds now, and names
them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import places
from benchmarks.contract import TASKS
from benchmarks.settings import board_rows, family, rows, settings
from leaderboard.gate.trip import Trip, several
from leaderboard.scoring.attribution import attribution, data_paths, resealed
from leaderboard.scoring.documents import Document, ScoreDocument


def columns(board: str, documents: list[ScoreDocument]) -> Iterator[Trip]:
    """The scores of a task, which stand in one column, are of one version of data and scorer."""
    for task in TASKS:
        versions: dict[str, list[str]] = {}
        for document in documents:
            if document.task == task and document.status == "scored":
                versions.setdefault(document.provenance.column, []).append(document.row)
        if len(versions) > 1:
            groups = " and ".join(several(group) for group in versions.values())
            yield Trip(
                f"{board}/{task}",
                f"{groups} were scored on different data, or by different scorers; score them"
                f" again: pqrst repro {board}",
            )


def attributed(board: str, document: ScoreDocument, root: Path) -> Iterator[Trip]:
    """The provenance of a document is the one that its cell has now, and its digests follow from
    its other fields. The digests of data are compared by `data`."""
    if document.row not in board_rows(board, root):
        return  # said already: it belongs to no row
    row = rows(root).get(document.row)
    said = document.provenance
    made_from = attribution(
        board, document.row, document.task, document.seed, lambda path: path, root
    )
    again = resealed(said)
    method = f"methods/{row.folder.name}" if row else "benchmarks"
    rest = "the rest of its provenance"
    compared: dict[str, tuple[Any, Any, str]] = {
        "board": (document.board, board, "its folder"),
        "family": (document.family, family(document.row, root), f"{method} or params.yaml"),
        "source": (said.source, made_from.source, f"{method}/source.json"),
        "scorer": (said.scorer, made_from.scorer, "benchmarks/source.json"),
        "params": (said.params, made_from.params, f"{method}/params.json"),
        "pretraining": (said.pretraining, made_from.pretraining, f"{method}/params.json"),
        "budget": (said.budget, made_from.budget, "params.yaml"),
        "seed": (said.seed, made_from.seed, "its name"),
        "data": (sorted(said.data), sorted(made_from.data), "what the method sees"),
        "key": (said.key, again.key, rest),
        "column": (said.column, again.column, rest),
    }
    for key, (value, expected, by) in compared.items():
        if value != expected:
            yield Trip(
                document.name,
                f"its {key} is {_short(value)}, by {by} it is {_short(expected)}; run it again:"
                f" pqrst repro {board}",
            )


def data(
    board: str, document: ScoreDocument, recorded: dict[str, dict[str, str]], root: Path
) -> Iterator[Trip]:
    """The data that a document names is the data that the locks record: the digests in `recorded`,
    by path."""
    paths = data_paths(board, rows(root).get(document.row), document.task)
    for kind, path in paths.items():
        md5 = document.provenance.data.get(kind)
        if md5 and path in recorded and md5 not in recorded[path]:
            yield Trip(
                document.name,
                f"was scored on another {path} than is recorded; pqrst repro {board}",
            )


def cost(document: ScoreDocument, costs: Document, root: Path) -> Iterator[Trip]:
    """A method's score names the machine, the runner and the cost of its making."""
    if document.status != "scored" or document.row in settings(root).controls.from_truth:
        return
    spent = costs.get(document.row, {}).get(places.cost(document.task, document.seed), {})
    named = {"runner", "hardware", "wall_s"} <= spent.keys()
    if not named or spent["runner"] not in ("docker", "host"):
        yield Trip(
            document.name,
            "costs.json does not say by which runner it was made, and what it cost",
        )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:16]}…"
