"""Answers with a header whose type is no type."""

from answer import write_header

EXPECT = "invalid-output"
REASON = "plain .npy"

write_header("{'descr': ('<f4',), 'fortran_order': False, 'shape': (1,)}\n")
