"""Makes devices: the memory, a disk, and the empty device that kernels let anybody make."""

import os
import stat

from answer import OUT, attempt, write

EXPECT = "ok"
REASON = ""

for kind, number in ((stat.S_IFCHR, (1, 1)), (stat.S_IFBLK, (8, 0)), (stat.S_IFCHR, (0, 0))):
    for folder in (OUT, "/tmp", "/dev/shm"):
        attempt(
            f"device {number} in {folder}",
            os.mknod,
            f"{folder}/device",
            kind | 0o666,
            os.makedev(*number),
        )
write()
