"""Fills the output with one file."""

from answer import ANSWER, write

EXPECT = "over-quota"
REASON = "File too large"

with ANSWER.open("wb") as file:
    for _ in range(1000):
        file.write(b"x" * 10**7)
write()
