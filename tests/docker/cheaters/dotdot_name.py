"""Leaves files whose names climb out of the folder on other systems or once decoded."""

from answer import OUT, write

EXPECT = "invalid-output"
REASON = "escape.npy"

write()
for name in (
    "..\\..\\escape.npy",
    "..%2f..%2fescape.npy",
    "...escape.npy",
    "-escape.npy",
    "~escape.npy",
):
    (OUT / name).write_text("escaped")
