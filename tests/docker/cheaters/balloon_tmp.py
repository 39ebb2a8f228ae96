"""Writes ten gigabytes into /tmp."""

from pathlib import Path

from answer import write

EXPECT = "over-quota"
REASON = "No space left on device"

for number in range(1000):
    Path(f"/tmp/{number}").write_bytes(b"x" * 10**7)
write()
