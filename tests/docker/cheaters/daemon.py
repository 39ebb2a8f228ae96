"""Answers and exits, while a process of its own stays, holds the log open and ignores signals."""

import os
import signal
import time

from answer import write

EXPECT = "ok"
REASON = ""

write()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(600)
    os._exit(0)
os.wait()
