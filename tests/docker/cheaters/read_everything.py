"""Reads every file, process, mount and variable in search of labels, other cases, other methods and the harness."""

import os
import stat
from pathlib import Path

from answer import CASE, OUT, ROOT, reached, write

EXPECT = "ok"
REASON = ""

OWN = {ROOT / "call.json", CASE / "windows.npy", CASE / "windows.json"}
NAMES = {
    "windows.npy",
    "windows.json",
    "records.json",
    "scenarios.json",
    "labels.npy",
    "beats.json",
    "scale.npy",
}
NAMES |= {
    "truth",
    "truth.npy",
    "truth.json",
    "dvc.yaml",
    "dvc.lock",
    ".dvc",
    ".git",
    "params.yaml",
    "published.yaml",
}
SCENARIOS = {
    "points-75",
    "gap-10",
    "gap-30",
    "patches-40",
    "block-40",
    "lead-1",
    "lead-2",
    "heartbeat",
}
SCENARIOS |= {"snr-12", "snr-6", "snr-0", "snr-minus-6", "forecast-20", "forecast-50"}
RECORDS = {".atr", ".hea", ".sock"}
SECRETS = (
    "/etc/shadow",
    "/proc/kcore",
    "/proc/kmsg",
    "/proc/keys",
    "/dev/mem",
    "/dev/kmsg",
    "/proc/1/mem",
)
MOUNTS = ("/proc", "/dev", "/sys", "/tmp", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
MOUNTS += (
    "/sbin/docker-init",
    "/usr/sbin/docker-init",
    "/pqrst/call.json",
    "/pqrst/case",
    "/pqrst/out",
)
VARIABLES = {
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "HOSTNAME",
    "PQRST_ROOT",
    "MPLCONFIGDIR",
    "NUMBA_CACHE_DIR",
}
VARIABLES |= {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"}
VARIABLES |= {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"}

for parent, folders, files in os.walk("/"):
    if parent in ("/proc", "/sys"):
        folders.clear()
    for path in (Path(parent, name) for name in (*folders, *files)):
        mode = path.lstat().st_mode
        if stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):
            reached(f"{path}, a socket or a disk")
        if path not in OWN and (path.name in NAMES | SCENARIOS or path.suffix in RECORDS):
            reached(str(path))
        if ROOT in path.parents and path.is_file() and path not in OWN:
            reached(f"{path}, no part of this call")
if len(methods := list(Path("/opt/pqrst/methods").glob("*/main.py"))) > 1:
    reached(f"other methods: {methods}")
if found := list(OUT.iterdir()):
    reached(f"an output folder that holds {found}")
for secret in map(Path, SECRETS):
    try:
        with secret.open("rb") as file:
            data = file.read(1)
    except OSError:
        continue
    # What the engine masks is an empty file.
    if data:
        reached(str(secret))
for process in Path("/proc").glob("[0-9]*"):
    if process.name not in ("1", str(os.getpid())):
        reached(f"process {process.name}")
for line in Path("/proc/self/mountinfo").read_text().splitlines():
    point = line.split()[4]
    if point != "/" and not any(
        point == known or point.startswith(f"{known}/") for known in MOUNTS
    ):
        reached(f"the mount {point}")
for process in ("self", "1"):
    names = {
        line.split("=")[0]
        for line in Path(f"/proc/{process}/environ").read_text().split("\0")
        if line
    }
    if names - VARIABLES:
        reached(f"variables of {process}: {sorted(names - VARIABLES)}")
write()
