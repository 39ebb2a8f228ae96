"""Which run (row x task) is made again tonight: a rotation through all runs of a board, in which
each comes once before any comes a second time."""

import datetime
import json
from pathlib import Path

from benchmarks import places
from benchmarks.errors import UserError
from benchmarks.seeds import generator
from benchmarks.settings import ROOT, settings
from benchmarks.settings import board as find_board
from leaderboard.records.boards import made_text


def day(text: str) -> datetime.date:
    """The day that `text` names, YYYY-MM-DD; today (UTC) if it is empty. Raises UserError for any
    other text."""
    if not text:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"date is {text!r}, expected YYYY-MM-DD") from None


def run_of_the_day(board: str, date: datetime.date, root: Path = ROOT) -> str:
    """BOARD/ROW/TASK of the scored run whose turn it is on `date`: in as many days as there are
    runs, each has its turn once.

    A control that the scorer makes from the truth has no run. Raises UserError where the board is
    not made or has no scored run."""
    find_board(board, root)
    cells = json.loads(made_text(board, root=root))["cells"].values()
    made_here = settings(root).controls.from_truth
    names = {f"{cell['row']}/{cell['task']}" for cell in cells if cell["status"] == "scored"}
    names = sorted(name for name in names if name.split("/")[0] not in made_here)
    if not names:
        path = root / places.board(board, "board.json")
        raise UserError(
            f"{path}: expected a scored run of a method, found none; run it: pqrst repro {board}"
        )
    turn, day = divmod(date.toordinal(), len(names))
    return f"{board}/{names[generator('draw', board, turn).permutation(len(names))[day]]}"
