"""Looks for what an earlier run left for it, then leaves the same wherever it can: it is to be run twice."""

import ctypes
from contextlib import suppress
from pathlib import Path

from answer import OUT, reached, write

EXPECT = "ok"
REASON = ""
RUNS = 2

MARKER = "left-for-the-next-cell"
FOLDERS = (
    "/tmp",
    "/dev/shm",
    "/dev/mqueue",
    "/var/tmp",
    "/run",
    "/pqrst",
    "/opt/pqrst",
    "/sys/fs/cgroup",
)
MEMORY, CREATE = 0x50515253, 0o1666
ADD_KEY, REQUEST_KEY, USER_KEYRING = 248, 249, -4

kernel = ctypes.CDLL(None)
for folder in FOLDERS:
    if Path(folder, MARKER).exists():
        reached(f"the marker in {folder}")
if found := list(OUT.iterdir()):
    reached(f"an output folder that holds {found}")
if kernel.shmget(MEMORY, 1, 0) != -1:
    reached("shared memory of System V")
if kernel.syscall(REQUEST_KEY, b"user", MARKER.encode(), None, 0) != -1:
    reached("the marker in the kernel's keyring")
for folder in FOLDERS:
    with suppress(OSError):
        Path(folder, MARKER).touch()
kernel.shmget(MEMORY, 4096, CREATE)
kernel.syscall(ADD_KEY, b"user", MARKER.encode(), b"1", 1, USER_KEYRING)
write()
