"""Leaves a symbolic link to the host's passwords as its answer."""

from answer import ANSWER

EXPECT = "invalid-output"
REASON = "prediction.npy"

ANSWER.symlink_to("/etc/shadow")
