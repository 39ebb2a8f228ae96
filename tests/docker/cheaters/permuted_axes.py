"""Answers with leads before windows."""

from answer import flat, write

EXPECT = "invalid-output"
REASON = "has shape"

write(flat().swapaxes(0, 1))
