"""Fills /dev/shm, then takes shared memory that no file system bounds."""

import mmap
from contextlib import suppress
from pathlib import Path

from answer import write

EXPECT = "out-of-memory"
REASON = "limit"
LIMITS = {"minutes": 1, "memory_gb": 0.2, "output_gb": 0.05}

with suppress(OSError):
    for number in range(1000):
        Path(f"/dev/shm/{number}").write_bytes(b"x" * 10**7)
shared = mmap.mmap(-1, 3 * 10**9)
for page in range(0, len(shared), mmap.PAGESIZE):
    shared[page] = 1
write()
