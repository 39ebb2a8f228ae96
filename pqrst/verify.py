"""Whether every committed file that a tool wrote is current: stages and digests, locks, boards.
Needs no data."""

import shutil
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks import places
from benchmarks.contract import write_schema
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, settings
from leaderboard.board import write_board
from leaderboard.gate.locks import orphans
from pipeline.report import conditions
from pipeline.shadow import shadow
from pipeline.stages import texts
from pipeline.state import read_locks, read_stages


def verify(root: Path = ROOT) -> list[str]:
    """All that is not current, each with the way out; writes nothing into the project."""
    boards = made_boards(root)
    lines = [*stale_files(root), *(line for board in boards for line in stale_stages(board, root))]
    lines += [f"{trip.what}: {trip.why}" for trip in orphans(read_stages(root), read_locks(root))]
    lines += [line for board in boards for line in stale_board(board, root)]
    return list(dict.fromkeys(lines))


def made_boards(root: Path = ROOT) -> list[str]:
    """The boards that were made: those that a lock records or that have a folder."""
    locks = read_locks(root)
    return [
        board
        for board in settings(root).boards
        if f"leaderboard@{board}" in locks or (root / places.board(board)).exists()
    ]


def stale_files(root: Path = ROOT) -> list[str]:
    """The source digests, stages and schemas that are not what `pqrst sync` would write."""
    stale = [
        path for path, text in texts(root).items() if not path.exists() or path.read_text() != text
    ]
    schema = root / "benchmarks/schema"
    with tempfile.TemporaryDirectory() as folder:
        for path in write_schema(Path(folder)):
            committed = schema / path.name
            if not committed.exists() or committed.read_bytes() != path.read_bytes():
                stale.append(committed)
    return [f"{path.relative_to(root)} is not current: pqrst sync" for path in stale]


def stale_stages(board: str, root: Path = ROOT) -> list[str]:
    """The stages of a board that changed since they were recorded."""
    return [
        f"{address}: {'; '.join(stage.changes)}: pqrst repro {board}"
        for address, stage in conditions(board, root).items()
        if stage.changes
    ]


def stale_board(board: str, root: Path = ROOT) -> list[str]:
    """The files of a board that differ from those made from its scores now; or why the gate refuses
    the board."""
    with tempfile.TemporaryDirectory(prefix="pqrst-verify-") as folder:
        scratch = Path(folder)
        shadow(root, scratch, (places.BOARDS, "README.md"))
        if (root / "README.md").exists():
            shutil.copyfile(root / "README.md", scratch / "README.md")
        try:
            write_board(board, scratch)
        except UserError as error:
            return [str(error).replace(f"{scratch}/", "")]
        made = sorted(path for path in (scratch / places.board(board)).rglob("*") if path.is_file())
        stale = []
        for path in (*made, *(path for path in (scratch / "README.md",) if path.exists())):
            committed = root / path.relative_to(scratch)
            if not committed.exists() or committed.read_bytes() != path.read_bytes():
                stale.append(
                    f"{path.relative_to(scratch)} is not what the scores give: pqrst repro {board}"
                )
        return stale


def print_verification(root: Path = ROOT, console: Console | None = None) -> bool:
    """Print what is not current; True if all is."""
    console = console or Console()
    lines = verify(root)
    for line in lines:
        console.print(f"- {line}", highlight=False, markup=False, soft_wrap=True)
    boards = ", ".join(made_boards(root))
    console.print(
        f"{len(lines)} things are not current"
        if lines
        else f"sources, locks and boards ({boards}) are current"
    )
    return not lines
