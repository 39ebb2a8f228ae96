"""Makes a file of 1 TB, then of 100 GB, that takes no space."""

from contextlib import suppress

from answer import ANSWER, write

EXPECT = "over-quota"
REASON = "File too large"

with ANSWER.open("wb") as file:
    with suppress(OSError):
        file.truncate(10**12)
    file.truncate(10**11)
write()
