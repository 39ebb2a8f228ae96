"""Answers with a header that promises more samples than a number of 64 bits counts."""

from answer import write_header

EXPECT = "invalid-output"
REASON = "plain .npy"

write_header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30},)}}\n")
