"""Which runs (row x task) were made again, with what verdict: `leaderboard/reproduced.json`.

    {"BOARD/ROW/TASK": {"verdict": …, "date": …, "key": …, "hardware": …, "runner": …}}

`key` is the comparability key of the published run at that time, by its first seed. Where the board
shows a run with another key by now, nobody has made that run again yet."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from benchmarks.contract import Model, parse
from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from leaderboard.scoring.documents import Document

PLACE = "leaderboard/reproduced.json"
Word = Literal["identical", "within tolerance", "drifted"]


class Verdict(NamedTuple):
    """How a verdict on a run that was made again is shown, and the exit status of
    `pqrst reproduce`."""

    came_out: str  # it was made again …
    mark: str
    colour: str  # in the terminal
    exit_status: int


VERDICTS: dict[Word, Verdict] = {
    "identical": Verdict("identically", "✓", "green", 0),
    "within tolerance": Verdict("within tolerance", "≈", "yellow", 3),
    "drifted": Verdict("drifted", "✗", "red", 4),
}


class Entry(Model):
    """The verdict on a run that was made again: one entry of the file."""

    verdict: Word
    date: str
    key: str
    hardware: str
    runner: str


class Remade(Model):
    """What a board says of a run that was made again."""

    verdict: Word
    date: str
    hardware: str
    runner: str


def read_reproduced(root: Path = ROOT) -> dict[str, Entry]:
    """The entries by BOARD/ROW/TASK; none where there is no file."""
    path = root / PLACE
    try:
        entries = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise UserError(
            f"{path}: not readable as JSON ({error}); bring it back: git checkout {PLACE}"
        ) from None
    return {target: parse(Entry, entry, f"{path}: {target}") for target, entry in entries.items()}


def remade(
    documents: Sequence[Document], entries: Mapping[str, Entry]
) -> dict[tuple[str, str], Remade | None]:
    """By (row, task) the verdict on each run of a board; None where nobody has made the run again
    as it stands on the board, by the key of its first seed."""
    verdicts: dict[tuple[str, str], Remade | None] = {}
    for document in sorted(documents, key=lambda document: document["seed"]):
        entry = entries.get(f"{document['board']}/{document['row']}/{document['task']}")
        current = entry and entry.key == document["provenance"]["key"]
        told = Remade(**entry.model_dump(exclude={"key"})) if entry and current else None
        verdicts.setdefault((document["row"], document["task"]), told)
    return verdicts
