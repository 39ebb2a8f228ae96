"""Answers for all windows but the last."""

from answer import flat, write

EXPECT = "invalid-output"
REASON = "1 items too few"

write(flat()[:-1])
