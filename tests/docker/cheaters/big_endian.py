"""Answers in float32 with its bytes in the other order."""

from answer import flat, write

EXPECT = "invalid-output"
REASON = ">f4"

write(flat().astype(">f4"))
