"""Make a board with several stages at once, and record it in DVC by one writer.

DVC runs one stage at a time and loses work where two of it run at once. So: one exclusive lock; the
fast checker says what is stale; stages whose inputs are ready run side by side, one thread each;
finished ones are recorded together by `dvc commit`, after a check that nothing they were made from
changed meanwhile. Afterwards `dvc status` is clean."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from pipeline.hashes import Hashes
from pipeline.mend import mend_rwlock
from pipeline.processes import ONE_THREAD, die_with_parent
from pipeline.stages import sync
from pipeline.state import Stage, condition, needed, read_locks, read_params, read_stages, upstream

COMMIT_EVERY_S = 20.0
BIN = Path(sys.executable).parent  # of the console scripts of this environment


class StaleInput(UserError):
    """A stale stage needs what was made by a costly stage and is not here."""


@dataclass
class Report:
    """What a run did: the stages that ran, why others failed, and those skipped because one before
    them failed."""

    ran: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)


@contextlib.contextmanager
def exclusive(root: Path, say=print) -> Iterator[None]:
    """Hold the project for one run; a second one waits for the first to end."""
    path = root / ".dvc/tmp/pqrst.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(
                f"another run holds this project (process {file.read().strip() or '?'}); waiting"
                " for it to end"
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        mend_rwlock(root, say)
        yield


def plan(
    target: str,
    stages: dict[str, Stage],
    locks: dict,
    hashes: Hashes,
    remake: bool,
    again: Collection[str] = (),
) -> dict[str, tuple[str, ...]]:
    """The stages that must run for `target`, in order, each with the reason; `remake` also makes
    what is not here, and the stages `again` run although nothing changed.

    Raises StaleInput where a stale stage would silently repeat a costly one (a method's pretraining
    or cell) because its output is not here although nothing changed."""
    before = upstream(stages)
    order = needed(target, before)
    conditions = {
        address: condition(stages[address], locks.get(address), hashes) for address in order
    }
    reasons: dict[str, tuple[str, ...]] = {}
    for address in order:
        found = conditions[address]
        committed_missing = found.missing if not stages[address].cached or remake else ()
        why = [*found.changes, *(f"{out} is missing" for out in committed_missing)]
        why += ["it is to run again"] * (address in again)
        why += [f"{maker} runs" for maker in before[address] if maker in reasons]
        if why:
            reasons[address] = tuple(why)
    # What a stage that runs takes in must be here: go back along what is missing.
    for address in reversed(order):
        if address in reasons:
            for maker in before[address]:
                if conditions[maker].missing and maker not in reasons:
                    reasons[maker] = ("its output is needed and not here",)
                    if stages[maker].file != "dvc.yaml" and not remake:
                        raise StaleInput(
                            f"{address} must run ({reasons[address][0]}), but"
                            f" {conditions[maker].missing[0]}, which {maker} made, is not here."
                            " Bring it: dvc pull; or make it again: pqrst repro"
                            f" {target.rsplit('@', 1)[-1]} --remake"
                        )
    return {address: reasons[address] for address in order if address in reasons}


def inputs_of(stage: Stage, root: Path, hashes: Hashes) -> dict[str, object]:
    """What a stage is made from, to be compared before and after."""
    found: dict[str, object] = {dep: hashes.of(dep) for dep in stage.deps}
    for file, keys in stage.params:
        found[f"params of {file}"] = read_params(root, file, keys)
    return found


def environment() -> dict[str, str]:
    """What a stage runs in: our own environment's scripts, one thread."""
    return os.environ | ONE_THREAD | {"PATH": f"{BIN}:{os.environ.get('PATH', '')}"}


def dvc(command: str, *arguments: str) -> list[str]:
    """A DVC command line that waits for another DVC to let go of the project."""
    return [str(BIN / "dvc"), "--wait-for-lock", command, "--quiet", *arguments]


def run_stage(stage: Stage, root: Path, running: set[subprocess.Popen]) -> str | None:
    """Run one stage's command in a process group of its own; the end of its output where it
    failed."""
    process = subprocess.Popen(
        f"exec {stage.cmd}",  # no shell stays between, which could die alone
        shell=True,
        preexec_fn=die_with_parent,
        cwd=root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    running.add(process)
    output, _ = process.communicate()
    running.discard(process)
    return (
        None
        if process.returncode == 0
        else output.strip()[-2000:] or f"exit status {process.returncode}"
    )


def commit(done: dict[str, tuple[Stage, dict]], root: Path) -> dict[str, str]:
    """Record finished stages in DVC; returns those that can't be, because what they were made from
    has changed."""
    hashes = Hashes(root)
    stale = {
        address: "what it was made from changed while it ran; run again"
        for address, (stage, inputs) in done.items()
        if inputs_of(stage, root, hashes) != inputs
    }
    hashes.save()
    good = [address for address in done if address not in stale]
    if good:
        result = subprocess.run(
            dvc("commit", "--force", *good), cwd=root, capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise UserError(
                f"dvc commit failed: {(result.stderr or result.stdout).strip()[-1500:]}"
            )
    return stale


Ready = Callable[[Iterable[str]], contextlib.AbstractContextManager]


def repro(
    board: str,
    jobs: int,
    remake: bool = False,
    root: Path = ROOT,
    console: Console | None = None,
    ready: Ready = contextlib.nullcontext,
    again: Callable[[], Collection[str]] = tuple,
) -> Report:
    """Bring `leaderboard@BOARD` up to date with `jobs` stages at once; they run within `ready`,
    which is given the addresses of all that are to run. `again`, which is asked once nobody else
    holds the project, names stages that run even where they are up to date."""
    console = console or Console()
    with exclusive(root, console.print):
        sync(root)
        return _repro(f"leaderboard@{board}", jobs, remake, root, console, ready, again())


def _repro(
    target: str,
    jobs: int,
    remake: bool,
    root: Path,
    console: Console,
    ready: Ready,
    again: Collection[str],
) -> Report:
    stages, hashes, report = read_stages(root), Hashes(root), Report()
    before, locks = upstream(stages), read_locks(root)
    checkout_missing([stages[address] for address in needed(target, before)], root)
    todo = plan(target, stages, locks, hashes, remake, again)
    hashes.save()
    waiting = dict(todo)
    running: set[subprocess.Popen] = set()
    active: dict[Future, str] = {}
    inputs: dict[str, dict] = {}
    done: dict[str, tuple[Stage, dict]] = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(*columns, console=console, refresh_per_second=2, disable=not console.is_terminal)
    last_commit = time.monotonic()
    with ready(todo), _killing(running), ThreadPoolExecutor(jobs) as pool, bar:
        shown = bar.add_task(f"{target}", total=len(todo))
        while waiting or active:
            for address in [a for a in waiting if not _blocked(a, before, waiting, active)]:
                if len(active) == jobs:
                    break
                del waiting[address]
                # The gate of a board reads what is recorded of all before it.
                if address == target and done:
                    report.failed |= commit(done, root)
                    done, last_commit = {}, time.monotonic()
                if bad := [
                    maker
                    for maker in before[address]
                    if maker in report.failed or maker in report.skipped
                ]:
                    report.skipped.append(address)
                    bar.console.print(
                        f"skipped {address}: {bad[0]} failed", style="yellow", highlight=False
                    )
                    bar.advance(shown)
                    continue
                if (
                    address not in again
                    and condition(stages[address], locks.get(address), hashes).current
                ):
                    bar.advance(shown)  # what it is made from was made again, to the same bytes
                    continue
                inputs[address] = inputs_of(stages[address], root, hashes)
                active[pool.submit(run_stage, stages[address], root, running)] = address
            bar.update(
                shown, description=" · ".join(stages[a].name for a in active.values()) or target
            )
            finished, _ = wait(active, timeout=1, return_when=FIRST_COMPLETED)
            for future in finished:
                address = active.pop(future)
                if error := future.result():
                    report.failed[address] = error
                    bar.console.print(
                        f"failed {address}; the end of its output is below",
                        style="red",
                        highlight=False,
                    )
                else:
                    done[address] = (stages[address], inputs.pop(address))
                    report.ran.append(address)
                    if not console.is_terminal:
                        console.print(f"made {address}", highlight=False, soft_wrap=True)
                bar.advance(shown)
            if done and (
                time.monotonic() - last_commit > COMMIT_EVERY_S or not (waiting or active)
            ):
                report.failed |= commit(done, root)
                done, last_commit = {}, time.monotonic()
    hashes.save()
    return report


def checkout_missing(stages: list[Stage], root: Path) -> None:
    """Bring back from DVC's local cache, as far as it has them, the outputs that are not in the
    work tree."""
    missing = [
        out for stage in stages if stage.cached for out in stage.outs if not (root / out).exists()
    ]
    if missing and (root / ".dvc/cache/files").is_dir():
        subprocess.run(
            dvc("checkout", "--allow-missing", *missing), cwd=root, capture_output=True, check=False
        )


def _blocked(
    address: str, before: dict[str, list[str]], waiting: dict, active: dict[Future, str]
) -> bool:
    unfinished = set(waiting) | set(active.values())
    return any(maker in unfinished for maker in before[address])


@contextlib.contextmanager
def _killing(running: set[subprocess.Popen]) -> Iterator[None]:
    """When this run is told to end, every process group that it started ends with it."""

    def stop(number: int, frame: object) -> None:
        for process in list(running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def verify(board: str, draw: int, root: Path = ROOT) -> tuple[str, dict[str, bool]]:
    """Run one drawn cell of a board again under plain `dvc repro` and compare bytes.

    Returns the cell's address and, for each of its outputs but the status (which holds times),
    whether it came out the same."""
    with exclusive(root):
        stages = read_stages(root)
        cells = [a for a in needed(f"leaderboard@{board}", upstream(stages)) if ":run@" in a]
        stage = stages[cells[draw % len(cells)]]
        outs = [out for out in stage.outs if not out.endswith("/status")]
        earlier = {out: Hashes(root).of(out) for out in outs}
        subprocess.run(
            dvc("repro", "--force", "--single-item", stage.address),
            cwd=root,
            env=environment(),
            check=True,
        )
        return stage.address, {out: Hashes(root).of(out) == earlier[out] for out in outs}
