"""Answers with a header that opens a bracket and ends."""

from answer import write_header

EXPECT = "invalid-output"
REASON = "plain .npy"

write_header("{'descr': '<f4', 'shape': (\n")
