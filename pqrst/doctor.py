"""`pqrst doctor`: what this machine has and lacks, and what follows."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import places
from benchmarks.datasets.fetch import listed, published
from benchmarks.settings import ROOT
from containers.calls.call import InfrastructureError
from containers.calls.hardware import describe
from containers.images.build import builder
from containers.images.engine import connect, engine_errors, is_configured
from pipeline.sources import published_sources

# Environment, the cases of the largest board, the predictions of all rows and DVC's cache of them.
NEEDED_GB = 8


def engine() -> tuple[bool, str]:
    """Whether a container engine answers, and its version or what to do."""
    if not is_configured():
        return (
            False,
            "no container engine; rows run on the host, which is no sandbox, and are marked so",
        )
    try:
        with engine_errors():
            version = connect().version()["Version"]
        return True, f"engine {version}, images are built by {builder()}"
    except InfrastructureError as error:
        return False, str(error)


def gpu() -> tuple[bool, str]:
    """Whether an NVIDIA GPU answers, and its name."""
    if not shutil.which("nvidia-smi"):
        return False, "no nvidia-smi; learned rows train on the CPU, one thread each"
    asked = subprocess.run(
        ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=False,
    )
    names = ", ".join(asked.stdout.split("\n")).strip(", ")
    return bool(not asked.returncode and names), names or "nvidia-smi finds no GPU"


def fetched(name: str, root: Path = ROOT) -> tuple[bool, str]:
    """Whether a published data set can be had without a download, and from where or what to do."""
    given, files = os.environ.get("PQRST_MIRROR"), listed(name)
    if given and (Path(given) / name).is_dir():
        return True, f"PQRST_MIRROR={given} holds {name}"
    if (root / places.raw(name) / files[0].name).exists():
        return True, f"{name} is fetched"
    megabytes = sum(file.size for file in files) / 1e6
    return (
        False,
        (
            f"`pqrst fetch {name}` downloads {megabytes:.0f} MB from {published(name)}; or set"
            f" PQRST_MIRROR to a folder with {name}/"
        ),
    )


def findings(root: Path = ROOT) -> list[tuple[str, bool, str]]:
    """(what, whether it is as the suite wants it, what follows) for everything that matters."""
    hardware = describe()
    free = shutil.disk_usage(root).free / 1e9
    venv = Path(sys.prefix)
    return [
        ("Python", sys.version_info[:2] == (3, 11), f"{hardware['python']}; the lock is for 3.11"),
        (
            "environment",
            venv == root / ".venv",
            f"{venv}; `make board` builds {root / '.venv'} from the locks",
        ),
        ("torch", hardware["torch"] != "absent", f"{hardware['torch']}; the learned rows need it"),
        (
            "cores",
            int(hardware["cores"]) >= 2,
            f"{hardware['cores']} cores, so `pqrst repro --jobs {hardware['cores']}`",
        ),
        (
            "memory",
            float(hardware["memory_gb"]) >= 8,
            f"{hardware['memory_gb']} GB; a job may ask for 4 GB",
        ),
        (
            "disk",
            free > NEEDED_GB,
            f"{free:.0f} GB free; the largest board takes up to {NEEDED_GB} GB",
        ),
        ("container engine", *engine()),
        ("GPU", *gpu()),
        *((name, *fetched(name, root)) for name in published_sources(root)),
        ("git", shutil.which("git") is not None, "DVC needs it"),
    ]


def print_report(console: Console | None = None) -> None:
    """Print the findings as a table."""
    table = Table("", "what", "found, and what follows", box=None)
    for what, good, follows in findings():
        table.add_row("[green]✓[/]" if good else "[yellow]–[/]", what, follows)
    (console or Console()).print(table)
