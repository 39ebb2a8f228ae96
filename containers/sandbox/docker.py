"""The Docker runner: a call in a container from which nothing can be reached but what the call
shows.

`options.py` is its law. Containers and volumes carry the process that they belong to as a label, so
that those of a run that died are swept away by the next."""

import atexit
import functools
import os
import socket
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psutil
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.models.volumes import Volume
from docker.types import Mount

from benchmarks.contract import FailureKind, write_model
from benchmarks.settings import Row
from containers.calls.call import LOG_BYTES, Invocation, Outcome, Runner, misplaced, verdict
from containers.images.build import Image, ensure, ensure_base
from containers.images.engine import Stream, connect, engine_errors
from containers.leaks.carriers import refuse_carriers
from containers.sandbox.options import USER, command_line, output_bytes, output_mount, sandbox

# Seconds between two measurements of what a call spends: 2 % of its time so far, within these.
MEASURE_S = (0.2, 2.0)
OWNER = "org.pqrst.owner"


def runner(row: Row, cases: Path) -> Runner:
    """The runner of a row in its image, which is built if it is missing and searched for the
    board's data; raises InfrastructureError, and Refused where the image carries data of the
    board."""
    image = ensure(row.folder)
    with engine_errors():
        refuse_carriers(image, cases)
        sweep()
        engine = connect().version()["Version"]
    about = {
        "engine": engine,
        "image": image.reference,
        "image_content": image.content,
        "image_id": image.id,
    }
    return Runner("docker", functools.partial(run, image=image), about | {"image_base": image.base})


def run(invocation: Invocation, image: Image) -> Outcome:
    """Run one call in a container of its own; what it wrote arrives in `invocation.output` if it
    ended well."""
    with (
        engine_errors(),
        tempfile.TemporaryDirectory(prefix="pqrst-") as scratch,
        _output(invocation) as (volume, holder),
    ):
        call = Path(scratch) / "call.json"
        write_model(call, invocation.call)
        options = sandbox(invocation, image, call, volume)
        state, spent, overstepped, log = _watch(image, options, invocation)
        exit_code = state["ExitCode"] if state["ExitCode"] <= 128 else 128 - state["ExitCode"]
        kind, reason = overstepped or verdict(exit_code, log, own_disk=True)
        if state["OOMKilled"]:  # also where it was a child and the method went on
            kind, reason = (
                "out-of-memory",
                f"used more than its limit of {invocation.limits.memory_gb:g} GB",
            )
        if kind == "ok":
            kind, reason = receive(holder, invocation)
    line = command_line(invocation, image, options)
    return Outcome(kind=kind, reason=reason, exit_code=exit_code, command=line, log=log, **spent)


@contextmanager
def _output(invocation: Invocation) -> Iterator[tuple[str, Container]]:
    """A volume in memory, limited in bytes and files, and a sleeping container that keeps it: it
    would be empty once the method's own container has ended. Both serve the next call of this
    process too, once they are seen to be empty, because starting a container is most of what a
    short call costs."""
    how = output_mount(invocation)
    volume, holder = _kept.pop(how, None) or _hold(how)
    emptied = False
    try:
        yield str(volume.name), holder
        emptied = holder.exec_run(["find", "/output", "-mindepth", "1", "-delete"]).exit_code == 0
    finally:
        if emptied:
            _kept[how] = volume, holder
        else:
            _let_go(volume, holder)


_kept: dict[str, tuple[Volume, Container]] = {}


def _hold(how: str) -> tuple[Volume, Container]:
    engine, name, labels = connect(), f"pqrst-{uuid.uuid4().hex}", {OWNER: owner()}
    options = {"type": "tmpfs", "device": "tmpfs", "o": how}
    volume = engine.volumes.create(name, driver_opts=options, labels=labels)
    holder = None
    try:
        holder = engine.containers.create(
            ensure_base("light"),
            entrypoint=["sleep"],
            command=["infinity"],
            user=f"{USER}:{USER}",
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            mounts=[Mount("/output", name, type="volume")],
            labels=labels,
        )
        holder.start()
    except BaseException:
        _let_go(volume, holder)
        raise
    return volume, holder


def _let_go(volume: Volume, holder: Container | None) -> None:
    if holder is not None:
        holder.remove(force=True)
    volume.remove(force=True)


@atexit.register
def tidy() -> None:
    """Remove what this process keeps for its next call."""
    while _kept:
        # What can't be removed now, the next run sweeps away.
        with suppress(DockerException, OSError):
            _let_go(*_kept.popitem()[1])


def _watch(
    image: Image, options: dict[str, Any], invocation: Invocation
) -> tuple[dict[str, Any], dict[str, float], tuple[FailureKind, str] | None, str]:
    """Run a container to its end, or end it at its limit: (state, what it spent, the limit passed,
    the log's end)."""
    container = connect().containers.create(image.reference, labels={OWNER: owner()}, **options)
    try:
        container.start()
        spent, overstepped = _wait(container, invocation.limits.minutes * 60)
        container.reload()
        # The engine keeps the two streams in an order of its own: errors last, because they say how
        # it ended.
        printed = [
            container.logs(stdout=out, stderr=not out)[-LOG_BYTES // 2 :] for out in (True, False)
        ]
        return (
            container.attrs["State"],
            spent,
            overstepped,
            b"".join(printed).decode("utf-8", "replace"),
        )
    finally:
        with suppress(NotFound):
            container.remove(force=True)


def _wait(
    container: Container, limit: float
) -> tuple[dict[str, float], tuple[FailureKind, str] | None]:
    """Until a container has ended, or been ended after `limit` seconds: (what it spent, the limit
    passed)."""
    begin, overstepped = time.monotonic(), None
    spent = {"wall_s": 0.0, "cpu_s": 0.0, "peak_memory_mb": 0.0}
    with ThreadPoolExecutor(1) as waiting:
        ended: Future = waiting.submit(connect().api.wait, str(container.id), timeout=None)
        try:
            while True:
                with suppress(StillRunning):
                    ended.result(
                        timeout=min(
                            max(MEASURE_S[0], 0.02 * (time.monotonic() - begin)), MEASURE_S[1]
                        )
                    )
                    break
                _measure(container, spent)
                if overstepped is None and time.monotonic() - begin > limit:
                    overstepped = (
                        "timeout",
                        f"still running after its limit of {limit / 60:g} minutes",
                    )
                    _kill(container)
        except BaseException:
            _kill(container)  # else whoever stops us waits for the method's own end
            raise
    spent["wall_s"] = round(time.monotonic() - begin, 3)
    return spent, overstepped


def _kill(container: Container) -> None:
    with suppress(DockerException):  # it may have ended just now
        container.kill()


def _measure(container: Container, spent: dict[str, float]) -> None:
    """Take the engine's figures of a running container into `spent`: what it spends between the last
    measurement and its end is missing from them."""
    with suppress(DockerException):
        figures = connect().api.stats(str(container.id), stream=False, one_shot=True)
        spent["cpu_s"] = (
            round(figures["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, 3) or spent["cpu_s"]
        )
        memory = figures["memory_stats"]
        used = memory.get("usage", 0) - memory.get("stats", {}).get("total_inactive_file", 0)
        spent["peak_memory_mb"] = max(spent["peak_memory_mb"], round(used / 2**20, 1))


def receive(holder: Container, invocation: Invocation) -> tuple[Literal["ok"] | FailureKind, str]:
    """Read the volume as a stream: regular files under expected names, a bounded number of bytes,
    nothing followed. Returns `ok` or the kind of failure, with its reason."""
    stream, _ = holder.get_archive("/output", chunk_size=2**20)
    left = output_bytes(invocation)
    with tarfile.open(fileobj=Stream(stream), mode="r|") as archive:  # type: ignore[arg-type]
        for member in archive:
            name = member.name.removeprefix("output").removeprefix("/")
            if not name:
                continue
            if wrong := misplaced(invocation.call.verb, name, _kind(member)):
                return "invalid-output", wrong
            left -= member.size
            if left < 0:
                return (
                    "over-quota",
                    f"wrote more than its limit of {invocation.limits.output_gb:g} GB",
                )
            source = archive.extractfile(member)
            assert source is not None
            with (invocation.output / name).open("wb") as target:
                while chunk := source.read(2**20):
                    target.write(chunk)
    return "ok", ""


def _kind(member: tarfile.TarInfo) -> str:
    kinds = {
        tarfile.SYMTYPE: "symbolic link",
        tarfile.LNKTYPE: "hard link",
        tarfile.DIRTYPE: "folder",
    }
    kinds |= {tarfile.FIFOTYPE: "pipe", tarfile.CHRTYPE: "device", tarfile.BLKTYPE: "device"}
    return (
        "file"
        if member.isreg() and not member.issparse()
        else kinds.get(member.type, "special file")
    )


@functools.cache
def owner() -> str:
    """This process, as a label: host, process and when it began, because numbers are given
    again."""
    return f"{socket.gethostname()} {os.getpid()} {_began(os.getpid()):.2f}"


def is_alive(label: str) -> bool:
    """Whether the process that a label names still runs; of other hosts we can't know, so theirs
    count as alive."""
    host, pid, began = label.rsplit(" ", 2)
    if host != socket.gethostname():
        return True
    try:
        return abs(_began(int(pid)) - float(began)) < 2
    except psutil.NoSuchProcess:
        return False


def _began(pid: int) -> float:
    """When a process began, in seconds since the machine did: a clock that is set right moves the
    date of both."""
    return psutil.Process(pid).create_time() - psutil.boot_time()


def sweep() -> None:
    """Remove the containers and volumes of runs that died."""
    engine = connect()
    for container in engine.containers.list(
        all=True, filters={"label": OWNER}, ignore_removed=True
    ):
        if not is_alive(container.labels[OWNER]):
            with suppress(APIError):  # another run may be removing it
                container.remove(force=True)
    for volume in engine.volumes.list(filters={"label": OWNER}):
        if not is_alive(volume.attrs["Labels"][OWNER]):
            # An engine that died itself may hold its volume until it is started again; a later
            # sweep takes it.
            with suppress(APIError):
                volume.remove(force=True)
