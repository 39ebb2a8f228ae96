"""Leaves a pipe as its answer, at which a reader would wait for ever."""

import os

from answer import ANSWER

EXPECT = "invalid-output"
REASON = "prediction.npy"

os.mkfifo(ANSWER)
