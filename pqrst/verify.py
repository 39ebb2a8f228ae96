"""Whether all that is committed is current, without data: what is written out by tools, the locks,
and the boards."""

import shutil
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks import places
from benchmarks.contract import write_schema
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, settings
from leaderboard.board import write_board
from leaderboard.gate.gate import orphans
from pipeline.report import conditions
from pipeline.shadow import shadow
from pipeline.stages import texts
from pipeline.state import read_locks, read_stages


def verify(root: Path = ROOT) -> list[str]:
    """All that is not current, each with the way out; writes nothing into the project."""
    boards = published_boards(root)
    found = [*stale_files(root), *(line for board in boards for line in stale_stages(board, root))]
    found += [f"{trip.what}: {trip.why}" for trip in orphans(read_stages(root), read_locks(root))]
    found += [line for board in boards for line in stale_board(board, root)]
    return list(dict.fromkeys(found))


def published_boards(root: Path = ROOT) -> list[str]:
    """The boards that were made once, by the locks or by what is here."""
    locks = read_locks(root)
    return [
        each
        for each in settings(root).boards
        if f"leaderboard@{each}" in locks or (root / places.board(each)).exists()
    ]


def stale_files(root: Path = ROOT) -> list[str]:
    """The source digests, stages and schemas that are not what `pqrst sync` would write."""
    found = [
        path for path, text in texts(root).items() if not path.exists() or path.read_text() != text
    ]
    schema = root / "benchmarks/schema"
    with tempfile.TemporaryDirectory() as folder:
        for path in write_schema(Path(folder)):
            committed = schema / path.name
            if not committed.exists() or committed.read_bytes() != path.read_bytes():
                found.append(committed)
    return [f"{path.relative_to(root)} is not current: pqrst sync" for path in found]


def stale_stages(board: str, root: Path = ROOT) -> list[str]:
    """The stages of a board that changed since they were recorded."""
    found = conditions(board, root).items()
    return [
        f"{address}: {'; '.join(each.changes)}: pqrst repro {board}"
        for address, each in found
        if each.changes
    ]


def stale_board(board: str, root: Path = ROOT) -> list[str]:
    """What of a board is not what its scores give; and what the gate holds against it."""
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
    found = verify(root)
    for line in found:
        console.print(f"- {line}", highlight=False, markup=False, soft_wrap=True)
    boards = ", ".join(published_boards(root))
    console.print(
        f"{len(found)} things are not current"
        if found
        else f"sources, locks and boards ({boards}) are current"
    )
    return not found
