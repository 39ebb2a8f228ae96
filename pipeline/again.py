"""`pqrst repro BOARD --again WHAT`: stages that run although none of their inputs changed."""

import json
import math
from collections.abc import Collection
from pathlib import Path

from benchmarks import places
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, board_rows, rows
from pipeline.state import makers, read_stages

NO_FAILURE = ("scored", "not-applicable")
MISSING = "missing"  # what is recorded but not here
FAILED = "failed"  # runs that failed by the harness's own trouble
FAILURES = "failures"  # every run that failed


def parsed(what: str) -> str | float:
    """`what`, if it is empty or one of the words above, else as a number of CPU minutes. Raises
    UserError where it is neither."""
    if what in ("", MISSING, FAILED, FAILURES):
        return what
    try:
        minutes = float(what)
    except ValueError:
        minutes = math.nan
    if not minutes >= 0:
        raise UserError(
            f"--again is {what!r}, expected {MISSING}, {FAILED}, {FAILURES} or a number of minutes"
        )
    return minutes


def asked(board: str, what: str | float, root: Path = ROOT) -> Collection[str]:
    """The addresses of the stages of a board that `what` asks for, as `parsed` gives it: a number
    of CPU minutes names the rows that took no more. None for `missing`: the fast checker knows
    which stages are."""
    if isinstance(what, float):
        return cheap(board, what, root)
    return failed(board, what == FAILURES, root) if what in (FAILED, FAILURES) else ()


def cheap(board: str, minutes: float, root: Path = ROOT) -> list[str]:
    """The addresses of all stages of each row that took at most so many CPU minutes, fits and
    predictions together, by the costs beside its scores. Controls made from the truth take none; a
    row that was pretrained is never cheap."""
    stages = read_stages(root)
    addresses = []
    for row in board_rows(board, root):
        path = root / places.scores(board, row, places.COSTS)
        spent = json.loads(path.read_text()) if path.exists() else {}
        pretrained = row in rows(root) and rows(root)[row].pretraining
        if pretrained or sum(cell["cpu_s"] for cell in spent.values()) > 60 * minutes:
            continue
        own = (f"{places.run(board, row)}/", f"{places.scores(board, row)}/")
        addresses += [
            address
            for address, stage in stages.items()
            if any(f"{out}/".startswith(own) for out in stage.outs)
        ]
    return addresses


def failed(board: str, every: bool = False, root: Path = ROOT) -> dict[str, str]:
    """The addresses of the stages of a board's failed runs, each with its kind of failure: those
    that failed by the harness's own trouble (`infrastructure`), or `every` failed run. A
    pretraining that failed comes with all runs that were to be fitted on it.

    Raises UserError for a score document that can't be read.
    """
    made_by = makers(read_stages(root))
    kind_of: dict[str, str] = {}
    for path in sorted((root / places.scores(board)).glob("*/*-*.json")):
        try:
            document = json.loads(path.read_text())
            row, task, kind = document["row"], document["task"], document["status"]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path}: no score document ({error!r}); bring it back: git checkout {path}"
            ) from None
        address = made_by.get(places.run(board, row, task, "status"))
        if address is None or kind in NO_FAILURE or not (every or kind == "infrastructure"):
            continue
        kind_of[address] = kind
        pretrained = places.run(board, str(rows(root)[row].pretraining), "pretrain", "status")
        kinds = {
            json.loads(status.read_text())["kind"] for status in (root / pretrained).glob("*.json")
        }
        if pretrained in made_by and kind in kinds:
            kind_of[made_by[pretrained]] = kind
    return kind_of
