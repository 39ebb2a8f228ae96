"""What this machine is, as it is written beside a cost."""

import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@functools.cache
def describe() -> dict[str, str | int | float]:
    """Processor, cores in reach, memory, Python and library versions."""
    cpu = "unknown"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if "model name" in line
        ]
        cpu = names[0] if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    found: dict[str, str | int | float] = {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory, 1),
        "threads": 1,
        "python": platform.python_version(),
    }
    for package in ("numpy", "scipy", "scikit-learn", "torch"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found
