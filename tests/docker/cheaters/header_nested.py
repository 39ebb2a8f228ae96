"""Answers with a header that is too deep for Python's parser."""

from answer import write_header

EXPECT = "invalid-output"
REASON = "plain .npy"

write_header("-" * 9000 + "1\n")
