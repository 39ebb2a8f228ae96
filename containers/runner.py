"""Which runner a cell gets: Docker where this machine has an engine, the host only where it has
none or is told so."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docker.errors import DockerException
from rich.console import Console

from benchmarks import places
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, method_folders
from benchmarks.settings import board as find_board
from benchmarks.settings import row as find_row
from containers.calls.call import InfrastructureError
from containers.calls.runs import Prepare, make_pretraining, make_run
from containers.images.engine import connect, engine_errors, is_configured

RUNNERS = ("docker", "host")
# In the address of a stage that calls a method.
CALLS = re.compile(r":(pretrain|run|probe-[^@]+)@")


def runner_name(asked: str | None = None) -> str:
    """The runner that is `asked` for; else `PQRST_RUNNER` where it is set, else `docker` where an
    engine is set up and `host` where there is none.

    An engine that is set up and does not answer is an error of the run, never a reason to take the
    host instead."""
    given = asked or os.environ.get("PQRST_RUNNER")
    if given not in (None, *RUNNERS):
        name = "the runner" if asked else "PQRST_RUNNER"
        raise InfrastructureError(f"{name} is {given!r}, expected one of {', '.join(RUNNERS)}")
    return given or ("docker" if is_configured() else "host")


def prepare(asked: str | None = None) -> Prepare:
    """The function that readies a row's runner, the one that is `asked` for if any."""
    if runner_name(asked) == "docker":
        from containers.sandbox import docker as chosen
    else:
        from containers.calls import host as chosen
    return chosen.runner


def make(board: str, row: str, task: str | None = None, root: Path = ROOT) -> None:
    """Make the run BOARD/ROW/TASK, or the row's pretraining where no task is named, in its place
    below `runs/`. Raises UserError for a board, row or task that does not exist, and for a row
    without a pretraining of its own."""
    asked, cases = (find_row(row, root), find_board(board, root)), root / places.cases(board)
    out = root / places.run(board, row, task or "pretrain")
    if task:
        make_run(*asked, task, cases, out, prepare())
    elif asked[0].pretraining != row:
        raise UserError(
            f"row {row!r} has no pretraining of its own; its card's verbs:"
            f" {', '.join(asked[0].card.verbs)}"
        )
    else:
        make_pretraining(*asked, cases, out, prepare())


@contextmanager
def ready(stages: Iterable[str], console: Console | None = None) -> Iterator[None]:
    """While these stages run: bring the images of their methods first, or say that they run without
    a sandbox; afterwards remove what those that were killed left in the engine. Raises
    InfrastructureError where the engine does not answer; an image that can't be had is a failure
    of its runs."""
    console = console or Console()
    names = {Path(stage).parent.name for stage in stages if CALLS.search(stage)}
    folders = [folder for folder in method_folders() if folder.name in names]
    if not folders:
        yield
        return
    if runner_name() == "host":
        console.print(
            "calls run on the host, which limits them but is no sandbox; their rows are marked"
            " `host`"
        )
        yield
        return
    from containers.images.catalogue import bring
    from containers.sandbox.docker import sweep

    with engine_errors():
        connect().ping()
    for trouble in bring(folders, console):
        console.print(f"[red]{trouble}[/]", highlight=False)
    try:
        yield
    finally:
        # What can't be removed now, the next run sweeps away.
        with suppress(DockerException, OSError):
            sweep()
