"""Leaves a folder as its answer."""

from answer import ANSWER

EXPECT = "invalid-output"
REASON = "prediction.npy"

ANSWER.mkdir()
