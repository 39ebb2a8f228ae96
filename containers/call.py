"""One call of a method, as every runner takes it and answers it.

A runner is a function `run(invocation) -> Outcome`. It shows the method the folders of the contract, holds it to
its limits, and brings back what it wrote. `host.py` is one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.contract import Call, FailureKind, Limits


@dataclass(frozen=True)
class Invocation:
    """What to run. `inputs` maps a path below the method's root (`case`, `data/train`) to what is mounted there,
    read-only; `output` is the folder, empty at first, in which the files that the method writes arrive."""

    folder: Path
    entry: list[str]
    call: Call
    inputs: dict[str, Path]
    output: Path
    limits: Limits

    @property
    def arguments(self) -> list[str]:
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


LOG_BYTES = 64 * 1024  # the end of what a method prints is kept


def verdict(exit_code: int, log: str) -> tuple[Literal["ok"] | FailureKind, str]:
    """The kind of ending and its reason, from the exit status and the end of the log."""
    if exit_code == 0:
        return "ok", ""
    lines = [line for line in log.splitlines() if line.strip()]
    last = lines[-1][:500] if lines else "it printed nothing"
    if "No space left on device" in last:
        return "infrastructure", f"the disk is full ({last}); free some space, then run again"
    if "MemoryError" in last or "can't allocate memory" in last:
        return "out-of-memory", last
    if "File too large" in last:
        return "over-quota", last
    ending = f"signal {-exit_code}" if exit_code < 0 else f"exit status {exit_code}"
    return "crashed", f"{ending}: {last}"
