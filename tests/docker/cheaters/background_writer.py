"""Answers and exits, while a process of its own ignores signals and changes the answer afterwards."""

import os
import signal
import time
from pathlib import Path

from answer import ANSWER, write

EXPECT = "ok"
REASON = ""

write()
first = Path(f"/proc/{os.getpid()}")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        while first.exists():
            time.sleep(0.01)
        time.sleep(0.2)
        while True:
            ANSWER.write_text("changed after the exit")
            time.sleep(0.01)
    os._exit(0)
os.wait()
