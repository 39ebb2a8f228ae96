"""Kills every process that it can name, the first one too."""

import os
import signal

from answer import write

EXPECT = "crashed"
REASON = "signal 9"

write()
if os.fork() == 0:
    for process in (1, -1):
        os.kill(process, signal.SIGKILL)
    os._exit(0)
os.wait()
