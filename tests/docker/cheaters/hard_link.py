"""Leaves an answer that is a hard link to another of its files."""

from answer import ANSWER, OUT, write

EXPECT = "invalid-output"
REASON = "prediction.npy"

write()
(OUT / "also-prediction.npy").hardlink_to(ANSWER)
