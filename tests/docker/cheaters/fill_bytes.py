"""Fills the output with many files, each within the limit of one file."""

from answer import OUT, write

EXPECT = "over-quota"
REASON = "No space left on device"

for number in range(1000):
    (OUT / str(number)).write_bytes(b"x" * 10**7)
write()
