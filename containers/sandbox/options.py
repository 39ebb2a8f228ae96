"""The law of the sandbox: every option of the container that a call runs in, and the same as a
`docker run` line."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from benchmarks.settings import ROOT
from containers.calls.call import Invocation
from containers.images.build import Image
from pipeline.processes import ONE_THREAD

INSIDE = "/pqrst"
METHODS = "/opt/pqrst"  # where an image has the method and the kit
USER = 10001  # neither root nor 65534, which file systems and daemons share
TMP_BYTES = 256 * 2**20
INODES = 1024
PROCESSES = 256
SECCOMP = ROOT / "containers/seccomp.json"
# Of what an image sets itself.
KEPT = ("PATH", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES")


def output_bytes(invocation: Invocation) -> int:
    """How many bytes a call may write."""
    return int(invocation.limits.output_gb * 1e9)


def sandbox(invocation: Invocation, image: Image, call: Path, volume: str) -> dict[str, Any]:
    """Every option of a call's container, as docker-py's `create` takes them. `call` is its
    call.json; `volume` is where it may write."""
    output = output_bytes(invocation)
    # What a tmpfs holds counts as memory.
    memory = int(invocation.limits.memory_gb * 1e9) + output + TMP_BYTES
    program = [_inside(part, invocation.folder) for part in invocation.entry]
    options: dict[str, Any] = {
        "entrypoint": program[:1],
        "command": [*program[1:], *invocation.arguments],
        "init": True,  # else the method is process 1, which no signal of its own can end
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={SECCOMP.read_text()}"],
        "user": f"{USER}:{USER}",
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": 10**9,
        "pids_limit": PROCESSES,
        "shm_size": "64m",
        "ulimits": [
            Ulimit(name="fsize", soft=output, hard=output),
            Ulimit(name="core", soft=0, hard=0),
        ],
        "tmpfs": {"/tmp": f"size={TMP_BYTES},mode=1777,nosuid,nodev"},
        "working_dir": INSIDE,
        "environment": environment(image),
        "log_config": LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"}),
        "mounts": [
            *(
                Mount(
                    f"{INSIDE}/{name}", str(path.resolve(strict=True)), type="bind", read_only=True
                )
                for name, path in {"call.json": call, **invocation.inputs}.items()
            ),
            Mount(f"{INSIDE}/{invocation.output_name}", volume, type="volume"),
        ],
    }
    if asked := os.environ.get("PQRST_GPUS"):
        ids = [] if asked == "all" else asked.split(",")
        request = DeviceRequest(count=0 if ids else -1, device_ids=ids, capabilities=[["gpu"]])
        options["device_requests"] = [request]
    return options


def environment(image: Image) -> list[str]:
    """The allow-list of what a method finds in its environment; what else its image sets is taken
    out."""
    ours = {
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": "/tmp",
        "NUMBA_CACHE_DIR": "/tmp",
        "PYTHONPATH": METHODS,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PQRST_ROOT": INSIDE,
        **ONE_THREAD,
    }
    # A name without a value takes away what the image sets.
    removed = [name for name in image.variables if name not in (*KEPT, *ours)]
    return [*(f"{name}={value}" for name, value in ours.items()), *removed]


def output_mount(invocation: Invocation) -> str:
    """The options of the tmpfs that a call writes to: limited in bytes and in files."""
    size = f"size={output_bytes(invocation)},nr_inodes={INODES}"
    return f"{size},uid={USER},gid={USER},mode=0700,nosuid,nodev,noexec"


def command_line(invocation: Invocation, image: Image, options: dict[str, Any]) -> str:
    """The call as a line for a shell in the project's folder, which anyone can run: the same
    options, its output in the folder `output`."""

    def place(mount: Mount) -> list[str]:
        if mount["Type"] == "volume":
            return ["--volume", f"$PWD/output:{mount['Target']}"]
        if mount["Target"] == f"{INSIDE}/call.json":
            return ["--volume", f"$PWD/call.json:{mount['Target']}:ro"]
        # A run is made in `TASK.tmp`, which is `TASK` once it has ended.
        source = os.path.relpath(mount["Source"], ROOT.resolve()).replace(".tmp/", "/", 1)
        return ["--volume", f"$PWD/{source}:{mount['Target']}:ro"]

    def quoted(part: str) -> str:
        return f'"{part}"' if part.startswith("$PWD") else shlex.quote(part)

    words = run_words(image, options, place, SECCOMP.relative_to(ROOT))
    call = shlex.quote(invocation.call.model_dump_json())
    return (
        f"mkdir -m 777 output; echo {call} > call.json; docker run --rm"
        f" {' '.join(map(quoted, words))}"
    )


def shell_words(invocation: Invocation, image: Image, options: dict[str, Any]) -> list[str]:
    """The words of a `docker run` that opens a shell where the call would run; what it writes is
    not kept."""

    def place(mount: Mount) -> list[str]:
        if mount["Type"] == "volume":
            return ["--tmpfs", f"{mount['Target']}:{output_mount(invocation)}"]
        return ["--volume", f"{mount['Source']}:{mount['Target']}:ro"]

    opened = options | {"entrypoint": ["sh"], "command": []}
    return ["run", "--rm", "--interactive", "--tty", *run_words(image, opened, place, SECCOMP)]


# Options of docker-py whose flag takes the value as it is.
FLAGS = {
    "network_mode": "--network",
    "user": "--user",
    "mem_limit": "--memory",
    "memswap_limit": "--memory-swap",
    "pids_limit": "--pids-limit",
    "shm_size": "--shm-size",
    "working_dir": "--workdir",
}
SWITCHES = {"init": "--init", "read_only": "--read-only"}
PROGRAM = ("entrypoint", "command")  # come last, around the image


def run_words(
    image: Image, options: dict[str, Any], place: Callable[[Mount], list[str]], seccomp: Path
) -> list[str]:
    """`options` as the words that `docker run` takes; `place` gives the words of a mount. Raises
    KeyError for an option that has no flag here."""
    values = {
        "cap_drop": [("--cap-drop", each) for each in options["cap_drop"]],
        "security_opt": [
            ("--security-opt", options["security_opt"][0]),
            ("--security-opt", f"seccomp={seccomp}"),
        ],
        "nano_cpus": [("--cpus", f"{options['nano_cpus'] / 1e9:g}")],
        "ulimits": [("--ulimit", f"{each.name}={each.soft}") for each in options["ulimits"]],
        "tmpfs": [("--tmpfs", f"{path}:{how}") for path, how in options["tmpfs"].items()],
        "environment": [("--env", each) for each in options["environment"]],
        "log_config": [
            ("--log-opt", f"{key}={value}") for key, value in options["log_config"].config.items()
        ],
        "mounts": [place(mount) for mount in options["mounts"]],
        "device_requests": [("--gpus", _gpus(each)) for each in options.get("device_requests", ())],
    }
    words: list[str] = []
    for option in options:
        if option in SWITCHES:
            words.append(SWITCHES[option])
        elif option in FLAGS:
            words += [FLAGS[option], str(options[option])]
        elif option not in PROGRAM:
            words += [word for pair in values[option] for word in pair]
    entry, *more = options["entrypoint"]
    return [*words, "--entrypoint", entry, image.reference, *more, *options["command"]]


def _gpus(request: DeviceRequest) -> str:
    """The GPUs of a request as `--gpus` takes them: all, or those named."""
    ids = request["DeviceIDs"]
    return f'"device={",".join(ids)}"' if ids else "all"


def _inside(part: str, folder: Path) -> str:
    """Where a file of the method's folder lies in its image; other words of the entry stay."""
    return f"{METHODS}/methods/{folder.name}/{part}" if (folder / part).is_file() else part
