"""The host runner: a call as a subprocess with limits, for machines without a container engine.

It makes the same calls as a container, but it is no sandbox: a method could read what the user can
read. Its rows are marked `host`."""

import contextlib
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks.contract import write_model
from benchmarks.settings import Row
from containers.calls.call import LOG_BYTES, Invocation, Outcome, Runner, misplaced, verdict
from pipeline.processes import ONE_THREAD, die_with_parent

REPOSITORY = Path(__file__).resolve().parents[2]
POLL_S = 0.02


def runner(row: Row, cases: Path) -> Runner:
    """The runner of a row on this machine."""
    return Runner("host", run)


def environment(root: Path) -> dict[str, str]:
    """The allow-list of what a method finds in its environment."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PQRST_ROOT": str(root),
        **ONE_THREAD,
    }


def lay_out(invocation: Invocation, root: Path) -> None:
    """Make the method's root: call.json, a link to each input, an empty folder for what it
    writes."""
    for name in ("home", "tmp", invocation.output_name):
        (root / name).mkdir()
    write_model(root / "call.json", invocation.call)
    for name, source in invocation.inputs.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(source.resolve(strict=True))


def run(invocation: Invocation) -> Outcome:
    """Run one call; what the method wrote is moved to `invocation.output` if it ended well."""
    with tempfile.TemporaryDirectory(prefix="pqrst-") as scratch:
        root = Path(scratch)
        lay_out(invocation, root)
        program = [sys.executable if part == "python" else part for part in invocation.entry]
        program = [
            str(invocation.folder / part) if (invocation.folder / part).exists() else part
            for part in program
        ]
        outcome = _watch([*program, *invocation.arguments], root, invocation)
        if outcome.kind == "ok":
            for path in sorted((root / invocation.output_name).iterdir()):
                if wrong := misplaced(invocation.call.verb, path.name, _kind(path)):
                    return replace(outcome, kind="invalid-output", reason=wrong)
                shutil.move(path, invocation.output / path.name)
        return outcome


def _kind(path: Path) -> str:
    if path.is_symlink():
        return "symbolic link"
    return "folder" if path.is_dir() else "file" if path.is_file() else "special file"


def _watch(command: list[str], root: Path, invocation: Invocation) -> Outcome:
    limits = invocation.limits
    quota = int(limits.output_gb * 1e9)
    begin = time.monotonic()

    def restrict() -> None:
        die_with_parent()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (quota, quota))

    process = subprocess.Popen(
        command,
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=restrict,
    )
    kept: deque[bytes] = deque()
    reader = threading.Thread(target=_drain, args=(process.stdout, kept), daemon=True)
    reader.start()
    killed: tuple | None = None
    looks = 0
    try:
        while True:
            pid, wait_status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if killed is None and (
                killed := _overstep(process.pid, root, invocation, begin, looks)
            ):
                os.killpg(process.pid, signal.SIGKILL)
            looks += 1
            time.sleep(POLL_S)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    process.returncode = exit_code = os.waitstatus_to_exitcode(wait_status)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it may have left in the background
    reader.join(timeout=5)
    log = b"".join(kept).decode("utf-8", "replace")
    kind, reason = killed or verdict(exit_code, log)
    if kind == "ok" and _size(root / invocation.output_name) > quota:
        kind, reason = "over-quota", f"wrote more than {limits.output_gb} GB"
    return Outcome(
        kind=kind,
        reason=reason,
        exit_code=exit_code,
        wall_s=round(time.monotonic() - begin, 3),
        cpu_s=round(usage.ru_utime + usage.ru_stime, 3),
        peak_memory_mb=round(usage.ru_maxrss / 1024, 1),
        command=shlex.join(command),
        log=log,
    )


def _overstep(
    pid: int, root: Path, invocation: Invocation, begin: float, looks: int
) -> tuple | None:
    """The limit that a running call has passed, as (kind, reason)."""
    limits = invocation.limits
    if time.monotonic() - begin > limits.minutes * 60:
        return "timeout", f"still running after its limit of {limits.minutes:g} minutes"
    if looks % 5 == 0 and _resident(pid) > limits.memory_gb * 1e9:
        return "out-of-memory", f"used more than its limit of {limits.memory_gb:g} GB"
    if looks % 50 == 0 and _size(root) > limits.output_gb * 1e9:
        return "over-quota", f"wrote more than its limit of {limits.output_gb:g} GB"
    return None


def _resident(pid: int) -> int:
    """Bytes of memory of a process and all that it started."""
    total = 0
    try:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.Error:
        pass
    return total


def _size(folder: Path) -> int:
    """Bytes of what a method has written below its root (inputs are links and not followed)."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def _drain(stream, kept: deque[bytes]) -> None:
    """Read all that a method prints and keep the end, so that a flood fills neither a pipe nor the
    memory."""
    held = 0
    while chunk := stream.read1(8192):
        kept.append(chunk)
        held += len(chunk)
        while held - len(kept[0]) >= LOG_BYTES:
            held -= len(kept.popleft())
