"""Fills the output as a program that is not Python does: the kernel's signal at the limit of one file kills it."""

import signal

from answer import ANSWER, write

EXPECT = "over-quota"
REASON = ""

signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
with ANSWER.open("wb") as file:
    for _ in range(1000):
        file.write(b"x" * 10**7)
write()
