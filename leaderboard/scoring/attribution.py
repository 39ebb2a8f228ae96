"""What a cell was made from: the one place that knows, for the scorer, which writes it, and for the
gate, which compares."""

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
    """The folders of data that a cell was made from, by what it needed them for; `row` is None for
    a control that the scorer makes from the truth."""
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
    """What a cell is made from as the project stands; `md5` gives the digest of a folder of data.
    Raises UserError where there is no such data."""
    found = None if row in settings(root).controls.from_truth else rows(root)[row]
    data = {kind: (path, md5(path)) for kind, path in data_paths(board, found, task).items()}
    for path, value in data.values():
        if value is None:
            raise UserError(f"{path}: there is no such folder; make it: pqrst repro {board}")
    scorer = recorded_source(root / "benchmarks", "score")
    pretraining = found.pretraining if found else None
    made_from = {
        "data": {kind: value for kind, (_, value) in data.items()},
        "source": recorded_source(found.folder, "method") if found else scorer,
        "params": found.params if found else {},
        "pretraining": rows(root)[pretraining].params if pretraining else None,
        "budget": settings(root).boards[board].budget.model_dump() if _learns(found) else None,
        "seed": seed,
        "contract": CONTRACT_VERSION,
        "harness": HARNESS_VERSION,
    }
    return sealed(made_from, scorer)


def sealed(made_from: Document, scorer: str) -> Provenance:
    """What a cell was made from, with its two digests. `key` is the cell's comparability key: two
    cells of one key hold one number; `column` is the same for all cells that may stand in one
    column."""
    asked = {kind: made_from["data"].get(kind) for kind in ("predict", "truth")}
    versions = {kind: made_from[kind] for kind in ("contract", "harness")}
    return Provenance(
        **made_from,
        scorer=scorer,
        key=digest(made_from),
        column=digest([asked, scorer, versions]),
    )


def resealed(provenance: Provenance) -> Provenance:
    """A provenance with the digests that the rest of it gives."""
    return sealed(provenance.model_dump(include=set(MADE_FROM)), provenance.scorer)


def _learns(row: Row | None) -> bool:
    return row is not None and "fit" in row.card.verbs
