"""What `pqrst status` and `pqrst repro` print."""

import random
from pathlib import Path

from rich.console import Console

from benchmarks.settings import ROOT, settings
from pipeline.again import failed
from pipeline.hashes import Hashes
from pipeline.mend import mend_rwlock
from pipeline.repro import Report, spot_check
from pipeline.stages import sync
from pipeline.state import Condition, condition, needed, read_locks, read_stages, upstream


def conditions(board: str | None, root: Path = ROOT) -> dict[str, Condition]:
    """The condition of every stage of a board (None: of all boards), by address."""
    stages, locks, hashes = read_stages(root), read_locks(root), Hashes(root)
    before = upstream(stages)
    boards = [board] if board else list(settings(root).boards)
    wanted = dict.fromkeys(
        address for name in boards for address in needed(f"leaderboard@{name}", before)
    )
    by_address = {
        address: condition(stages[address], locks.get(address), hashes) for address in wanted
    }
    hashes.save()
    return by_address


def print_status(board: str | None, root: Path = ROOT, console: Console | None = None) -> bool:
    """Print each stage that is not up to date and why; True if nothing changed since it was
    recorded."""
    console = console or Console()
    for path in sync(root):
        console.print(f"brought up to date: {path.relative_to(root)}", highlight=False)
    mend_rwlock(root, console.print)
    by_address = conditions(board, root)
    stale = {
        address: stage_condition
        for address, stage_condition in by_address.items()
        if stage_condition.changes
    }
    absent = [
        address
        for address, stage_condition in by_address.items()
        if stage_condition.missing and not stage_condition.changes
    ]
    for address, stage_condition in stale.items():
        console.print(
            f"[red]stale[/]  {address}: {'; '.join(stage_condition.changes)}",
            highlight=False,
            soft_wrap=True,
        )
    if absent:
        console.print(
            f"{len(absent)} stages are recorded, but their output is not here (the first:"
            f" {absent[0]}); it is needed only to make something new: dvc pull, or pqrst repro"
            " BOARD --again missing",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"{len(by_address) - len(stale)} of {len(by_address)} stages are up to date",
        highlight=False,
    )
    return not stale


def print_report(board: str, report: Report, console: Console | None = None) -> bool:
    """Print how a run ended; True if nothing failed."""
    console = console or Console()
    if not (report.ran or report.failed or report.skipped):
        console.print(f"{board}: everything is up to date")
    else:
        console.print(
            f"{board}: {len(report.ran)} stages run, {len(report.failed)} failed,"
            f" {len(report.skipped)} skipped"
        )
    for address, error in report.failed.items():
        console.print(f"[red]failed[/] {address}:", highlight=False)
        console.print(error, highlight=False, markup=False, soft_wrap=True)
    return not report.failed


def print_failures(board: str, every: bool, console: Console | None = None) -> bool:
    """Print the runs that still fail by the harness's own trouble, or all that fail if `every`;
    True if there is none."""
    console = console or Console()
    left = failed(board, every)
    for address, kind in left.items():
        console.print(f"failed again ({kind}): {address}", highlight=False, soft_wrap=True)
    return not left


def print_spot_check(board: str, console: Console | None = None) -> bool:
    """Make a run of a board again under plain DVC, whichever chance names, and print whether it
    came out the same; True if it did."""
    console = console or Console()
    address, same = spot_check(board, random.SystemRandom().randrange(2**16))
    for out, identical in same.items():
        ended = "came out the same" if identical else "DIFFERS"
        console.print(f"{address}: {out} {ended}", highlight=False, soft_wrap=True)
    return all(same.values())
