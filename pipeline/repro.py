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
    missing_too: bool,
    again: Collection[str] = (),
) -> dict[str, tuple[str, ...]]:
    """The stages that must run for `target`, in order, each with the reason; `missing_too` also
    makes what is recorded but not here, and the stages `again` run although nothing changed.

    Raises StaleInput where a stale stage would silently repeat a costly one (a method's pretraining
    or run) because its output is not here although nothing changed."""
    before = upstream(stages)
    order = needed(target, before)
    conditions = {
        address: condition(stages[address], locks.get(address), hashes) for address in order
    }
    reasons: dict[str, tuple[str, ...]] = {}
    for address in order:
        state = conditions[address]
        committed_missing = state.missing if not stages[address].cached or missing_too else ()
        why = [*state.changes, *(f"{out} is missing" for out in committed_missing)]
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
                    if stages[maker].file != "dvc.yaml" and not missing_too:
                        raise StaleInput(
                            f"{address} must run ({reasons[address][0]}), but"
                            f" {conditions[maker].missing[0]}, which {maker} made, is not here."
                            " Bring it: dvc pull; or make it again: pqrst repro"
                            f" {target.rsplit('@', 1)[-1]} --again missing"
                        )
    return {address: reasons[address] for address in order if address in reasons}


def inputs_of(stage: Stage, root: Path, hashes: Hashes) -> dict[str, object]:
    """What a stage is made from, to be compared before and after."""
    inputs: dict[str, object] = {dep: hashes.of(dep) for dep in stage.deps}
    for file, keys in stage.params:
        inputs[f"params of {file}"] = read_params(root, file, keys)
    return inputs


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
    missing_too: bool = False,
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
        return Run(f"leaderboard@{board}", missing_too, root, console, again()).make(jobs, ready)


class Run:
    """One run of the stages that bring `target` up to date: which of them wait, run, are done."""

    def __init__(
        self, target: str, missing_too: bool, root: Path, console: Console, again: Collection[str]
    ):
        self.target, self.root, self.console, self.again = target, root, console, again
        self.stages, self.locks, self.hashes = read_stages(root), read_locks(root), Hashes(root)
        self.before = upstream(self.stages)
        needed_stages = [self.stages[address] for address in needed(target, self.before)]
        checkout_missing(needed_stages, root)
        self.todo = plan(target, self.stages, self.locks, self.hashes, missing_too, again)
        self.hashes.save()
        self.report = Report()
        self.waiting = dict.fromkeys(self.todo)
        self.running: set[subprocess.Popen] = set()
        self.active: dict[Future, str] = {}
        self.inputs: dict[str, dict] = {}  # of the active ones, as they were at the start
        self.done: dict[str, tuple[Stage, dict]] = {}  # and not recorded yet
        self.last_commit = time.monotonic()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self.bar = Progress(
            *columns, console=console, refresh_per_second=2, disable=not console.is_terminal
        )
        self.shown = self.bar.add_task(target, total=len(self.todo))

    def make(self, jobs: int, ready: Ready) -> Report:
        """Run all that is to run, `jobs` stages at once, and record it in DVC."""
        with ready(self.todo), _killing(self.running), ThreadPoolExecutor(jobs) as pool, self.bar:
            while self.waiting or self.active:
                self.start_ready(pool, jobs)
                names = " · ".join(self.stages[address].name for address in self.active.values())
                self.bar.update(self.shown, description=names or self.target)
                for future in wait(self.active, timeout=1, return_when=FIRST_COMPLETED)[0]:
                    self.finish(future)
                due = time.monotonic() - self.last_commit > COMMIT_EVERY_S
                if due or not (self.waiting or self.active):
                    self.commit()
        self.hashes.save()
        return self.report

    def start_ready(self, pool: ThreadPoolExecutor, jobs: int) -> None:
        """Start waiting stages whose inputs are made, up to `jobs` at once; leave out those that
        are up to date by now, or that need what failed."""
        unfinished = {*self.waiting, *self.active.values()}
        for address in [a for a in self.waiting if unfinished.isdisjoint(self.before[a])]:
            if len(self.active) == jobs:
                return
            del self.waiting[address]
            if address == self.target:
                self.commit()  # the gate of a board reads what is recorded of all before it
            bad = [
                maker
                for maker in self.before[address]
                if maker in self.report.failed or maker in self.report.skipped
            ]
            if bad:
                self.report.skipped.append(address)
                self.say(f"skipped {address}: {bad[0]} failed", "yellow")
                self.bar.advance(self.shown)
            elif address not in self.again and self.is_current(address):
                self.bar.advance(self.shown)  # what it is made from came out to the same bytes
            else:
                stage = self.stages[address]
                self.inputs[address] = inputs_of(stage, self.root, self.hashes)
                self.active[pool.submit(run_stage, stage, self.root, self.running)] = address

    def is_current(self, address: str) -> bool:
        """Whether a stage is as it is recorded."""
        return condition(self.stages[address], self.locks.get(address), self.hashes).current

    def finish(self, future: Future) -> None:
        """Take note of how a stage ended."""
        address = self.active.pop(future)
        if error := future.result():
            self.report.failed[address] = error
            self.say(f"failed {address}; the end of its output is below", "red")
        else:
            self.done[address] = (self.stages[address], self.inputs.pop(address))
            self.report.ran.append(address)
            if not self.console.is_terminal:
                self.console.print(f"made {address}", highlight=False, soft_wrap=True)
        self.bar.advance(self.shown)

    def commit(self) -> None:
        """Record in DVC what is done."""
        if self.done:
            self.report.failed |= commit(self.done, self.root)
            self.done, self.last_commit = {}, time.monotonic()

    def say(self, text: str, style: str) -> None:
        """Print a line above the bar."""
        self.bar.console.print(text, style=style, highlight=False)


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


def spot_check(board: str, number: int, root: Path = ROOT) -> tuple[str, dict[str, bool]]:
    """Make one run of a board again under plain `dvc repro` and compare bytes: the `number`-th,
    counted round and round.

    Returns its address and, for each of its outputs but the status (which holds times), whether it
    came out the same."""
    with exclusive(root):
        stages = read_stages(root)
        runs = [a for a in needed(f"leaderboard@{board}", upstream(stages)) if ":run@" in a]
        stage = stages[runs[number % len(runs)]]
        outs = [out for out in stage.outs if not out.endswith("/status")]
        earlier = {out: Hashes(root).of(out) for out in outs}
        subprocess.run(
            dvc("repro", "--force", "--single-item", stage.address),
            cwd=root,
            env=environment(),
            check=True,
        )
        return stage.address, {out: Hashes(root).of(out) == earlier[out] for out in outs}
