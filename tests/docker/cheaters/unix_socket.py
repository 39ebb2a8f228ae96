"""Leaves a socket as its answer."""

import socket

from answer import ANSWER

EXPECT = "invalid-output"
REASON = "prediction.npy"

socket.socket(socket.AF_UNIX).bind(str(ANSWER))
