"""A Python script as a process, or as several under `torchrun`."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.settings import ROOT


def launch(script: Path, *arguments: str, processes: int = 1) -> subprocess.CompletedProcess[str]:
    """Run `script` on one thread each, and wait for it."""
    port = str(20000 + os.getpid() % 20000)
    several = (
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        str(processes),
        "--master-port",
        port,
    )
    command = [sys.executable, *(several if processes > 1 else ()), str(script), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True)
