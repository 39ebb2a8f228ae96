"""One call of a method, as every runner takes it and answers it.

A runner shows the method the folders of the contract, holds it to its limits, and brings back what
it wrote. `docker.py` is one, `host.py` the other."""

import math
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmarks.contract import Call, FailureKind, Limits


@dataclass(frozen=True)
class Invocation:
    """What to run. `inputs` maps a path below the method's root (`case`, `data/train`) to what is
    mounted there, read-only; `output` is the folder, empty at first, in which the files that the
    method writes arrive."""

    folder: Path
    entry: list[str]
    call: Call
    inputs: dict[str, Path]
    output: Path
    limits: Limits

    @property
    def arguments(self) -> list[str]:
        """The words after the entry point: the verb, and its task if it has one."""
        return [self.call.verb, self.call.task] if self.call.task else [self.call.verb]

    @property
    def output_name(self) -> str:
        """Where the method writes: `out` when it predicts, `model` when it learns."""
        return "out" if self.call.verb == "predict" else "model"


@dataclass(frozen=True)
class Outcome:
    """How a call ended and what it cost."""

    kind: Literal["ok"] | FailureKind
    reason: str
    exit_code: int | None
    wall_s: float
    cpu_s: float
    peak_memory_mb: float
    command: str
    log: str


@dataclass(frozen=True)
class Runner:
    """How the calls of one row are made; `name` and `about`, such as the image, are recorded beside
    what they cost."""

    name: str
    run: Callable[[Invocation], Outcome]
    about: dict[str, str] = field(default_factory=dict)


class InfrastructureError(OSError):
    """The harness's own trouble, never a score; the message says the way out."""


class Refused(Exception):
    """A method that is not run at all: its image carries what it must not see."""


LOG_BYTES = 64 * 1024  # the end of what a method prints is kept
PREDICTIONS = ("prediction.npy", "probabilities.npy")
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def patience() -> float:
    """How many times longer than its limit a call may take on this machine: `PQRST_PATIENCE`, 1
    unless it is set. A board that was made on a faster machine can so be made again on a slow one.
    Raises InfrastructureError where it is no positive number."""
    given = os.environ.get("PQRST_PATIENCE", "1")
    try:
        found = float(given)
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise InfrastructureError(
            f"PQRST_PATIENCE is {given!r}, expected a positive number, such as 4 on a slow machine"
        )
    return found


def misplaced(verb: str, name: str, kind: str) -> str | None:
    """What is wrong with an entry of the method's output folder, `kind` being `file`, `folder`,
    `symbolic link`, …; None if it may come back: a regular file, in `out` by one of the contract's
    names."""
    where = f"/{'out' if verb == 'predict' else 'model'}/{name[:100]!r}"
    if kind != "file":
        return f"{where} is a {kind}; only regular files come back"
    if verb == "predict" and name not in PREDICTIONS:
        return f"{where} is not asked for; expected {' or '.join(PREDICTIONS)}"
    if verb != "predict" and not MODEL_NAME.fullmatch(name):
        return f"{where} is no plain name; letters, digits, dots, dashes and underscores come back"
    return None


def verdict(
    exit_code: int, log: str, own_disk: bool = False
) -> tuple[Literal["ok"] | FailureKind, str]:
    """The kind of ending and its reason, from the exit status and the end of the log. With
    `own_disk` the method writes to folders of limited size, and a full one is its own doing."""
    if exit_code == 0:
        return "ok", ""
    lines = [line for line in log.splitlines() if line.strip()]
    last = lines[-1][:500] if lines else "it printed nothing"
    if "No space left on device" in last:
        if own_disk:
            return "over-quota", f"wrote more than it may ({last})"
        return "infrastructure", f"the disk is full ({last}); free some space, then run again"
    if "Resource temporarily unavailable" in last:
        return "over-quota", f"started more processes than it may ({last})"
    if "MemoryError" in last or "can't allocate memory" in last:
        return "out-of-memory", last
    if "File too large" in last or exit_code == -signal.SIGXFSZ:
        return "over-quota", f"wrote more than it may to one file ({last})"
    ending = f"signal {-exit_code}" if exit_code < 0 else f"exit status {exit_code}"
    return "crashed", f"{ending}: {last}"
