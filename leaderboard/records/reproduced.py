"""Which cells were made again, with what verdict: `leaderboard/reproduced.json`.

    {"BOARD/ROW/TASK": {"verdict": …, "date": …, "key": …, "hardware": …, "runner": …}}

`key` is the comparability key of what was compared with; where the published cell has another one
by now, nobody has made that one again yet."""

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

from benchmarks.contract import Model, parse
from benchmarks.errors import UserError
from benchmarks.settings import ROOT

PLACE = "leaderboard/reproduced.json"
Word = Literal["identical", "within tolerance", "drifted"]
Document = dict[str, Any]


class Verdict(NamedTuple):
    """How a verdict on a cell that was made again is shown, and what `pqrst reproduce` ends
    with."""

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
    """What came of making a cell again: one entry of the file."""

    verdict: Word
    date: str
    key: str
    hardware: str
    runner: str


def read_reproduced(root: Path = ROOT) -> dict[str, Document]:
    """The entries by BOARD/ROW/TASK; none where there is no file."""
    path = root / PLACE
    try:
        found = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise UserError(
            f"{path}: not readable as JSON ({error}); bring it back: git checkout {PLACE}"
        ) from None
    return {
        target: parse(Entry, entry, f"{path}: {target}").model_dump()
        for target, entry in found.items()
    }


def published(
    documents: list[Document], entries: dict[str, Document]
) -> dict[tuple[str, str], Document | None]:
    """By (row, task) the verdict and date of a board's cells, None where the published one was not
    made again."""
    found: dict[tuple[str, str], Document | None] = {}
    for document in sorted(documents, key=lambda document: document["seed"]):
        entry = entries.get(f"{document['board']}/{document['row']}/{document['task']}", {})
        current = entry.get("key") == document["provenance"]["key"]
        kept = (
            {key: entry[key] for key in ("verdict", "date", "hardware", "runner")}
            if current
            else None
        )
        found.setdefault((document["row"], document["task"]), kept)
    return found


def made_again_of(cells: list[Document]) -> str:
    """A board's word on how many of its scored cells were made again, and what came out."""
    scored = [cell for cell in cells if cell["status"] == "scored"]
    verdicts = [entry["verdict"] for cell in scored if (entry := cell.get("reproduced"))]
    came_out = [
        f"{verdicts.count(word)} {each.came_out}"
        for word, each in VERDICTS.items()
        if word in verdicts
    ]
    made = f"{len(verdicts)} of {len(scored)} scored ones were made again"
    return f"{made}: {', '.join(came_out)}" if came_out else made


def made_again(cell: Document) -> str:
    """A board's word on whether a cell was made again."""
    entry = cell.get("reproduced")
    return f"{VERDICTS[entry['verdict']].came_out} {entry['date']}" if entry else "not yet"
