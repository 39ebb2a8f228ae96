"""The files of a board that was made, for whoever shows or sends them on."""

from pathlib import Path

from benchmarks import places
from benchmarks.errors import UserError
from benchmarks.settings import ROOT


def made_text(board: str, name: str = "board.json", root: Path = ROOT) -> str:
    """The text of a file of `leaderboard/boards/BOARD`; raises UserError where it is not made."""
    path = root / places.board(board, name)
    if not path.exists():
        raise UserError(f"{path}: not made yet; make it: pqrst repro {board}")
    return path.read_text()
