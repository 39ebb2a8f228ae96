"""The provenance of a cell: the data, sources, parameters and versions that it is made from. The
scorer writes it, the gate compares it with what the project holds."""

from collections.abc import Callable
from pathlib import Path

from benchmarks import places
from benchmarks.contract import CONTRACT_VERSION
from benchmarks.errors import UserError
from benchmarks.files import digest
from benchmarks.settings import ROOT, Row, rows, settings
from leaderboard.scoring.documents import (
    HARNESS_VERSION,
    MADE_FROM,
    Document,
    Kind,
    Provenance,
    recorded_source,
)


def data_paths(board: str, row: Row | None, task: str) -> dict[Kind, str]:
    """The folders of data that a cell is made from, by their use: `fit`, `predict` or `truth`.
    `row` is None for a control that the scorer makes from the truth."""
    paths: dict[Kind, str] = {
        "predict": places.cases(board, "predict", task),
        "truth": places.cases(board, "truth"),
    }
    if _learns(row):
        paths["fit"] = places.cases(board, "fit")
    return paths


def attribution(
    board: str,
    row: str,
    task: str,
    seed: int,
    md5: Callable[[str], str | None],
    root: Path = ROOT,
) -> Provenance:
    """The provenance that a cell has if it is made now; `md5` gives the digest of a folder of data.
    Raises UserError where a folder is missing."""
    method_row = None if row in settings(root).controls.from_truth else rows(root)[row]
    data = {kind: (path, md5(path)) for kind, path in data_paths(board, method_row, task).items()}
    for path, value in data.values():
        if value is None:
            raise UserError(f"{path}: there is no such folder; make it: pqrst repro {board}")
    scorer = recorded_source(root / "benchmarks", "score")
    pretraining = method_row.pretraining if method_row else None
    made_from = {
        "data": {kind: value for kind, (_, value) in data.items()},
        "source": recorded_source(method_row.folder, "method") if method_row else scorer,
        "params": method_row.params if method_row else {},
        "pretraining": rows(root)[pretraining].params if pretraining else None,
        "budget": settings(root).boards[board].budget.model_dump() if _learns(method_row) else None,
        "seed": seed,
        "contract": CONTRACT_VERSION,
        "harness": HARNESS_VERSION,
    }
    return sealed(made_from, scorer)


def sealed(made_from: Document, scorer: str) -> Provenance:
    """A provenance with its two digests. `key` is the comparability key: two cells with the same
    key have the same numbers. `column` is the same for all cells that may stand in one column of a
    table."""
    asked = {kind: made_from["data"].get(kind) for kind in ("predict", "truth")}
    versions = {kind: made_from[kind] for kind in ("contract", "harness")}
    return Provenance(
        **made_from,
        scorer=scorer,
        key=digest(made_from),
        column=digest([asked, scorer, versions]),
    )


def resealed(provenance: Provenance) -> Provenance:
    """The provenance with its two digests worked out anew from its other fields."""
    return sealed(provenance.model_dump(include=set(MADE_FROM)), provenance.scorer)


def _learns(row: Row | None) -> bool:
    return row is not None and "fit" in row.card.verbs
