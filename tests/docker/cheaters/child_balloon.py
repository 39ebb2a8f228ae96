"""Lets a child take ten gigabytes and be killed, and answers as if nothing had been."""

import os

from answer import write

EXPECT = "out-of-memory"
REASON = "limit"
LIMITS = {"minutes": 1, "memory_gb": 0.2, "output_gb": 0.05}

if os.fork() == 0:
    held = [b"x" * (10**7 + number) for number in range(1000)]
    os._exit(0)
os.wait()
write()
