"""Answers with an array of objects that run code in whoever loads them."""

import sys

import numpy as np
from answer import write

EXPECT = "invalid-output"
REASON = "plain .npy"


class Payload:
    def __reduce__(self):
        return sys.exit, ("REACHED: a pickle ran in the harness",)


write(np.array([Payload()], object))
