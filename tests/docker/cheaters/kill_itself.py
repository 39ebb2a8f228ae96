"""Kills itself with the signal that the kernel sends when memory ends."""

import os
import signal

from answer import write

EXPECT = "crashed"
REASON = "signal 9"

write()
os.kill(os.getpid(), signal.SIGKILL)
