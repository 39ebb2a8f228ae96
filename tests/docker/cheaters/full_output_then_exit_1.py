"""Writes a valid answer, then ends with an error."""

import sys

from answer import write

EXPECT = "crashed"
REASON = "exit status 1"

write()
sys.exit("an error after the answer")
