"""Sleeps past its limit, which costs no processor time."""

import time

from answer import write

EXPECT = "timeout"
REASON = "limit"
LIMITS = {"minutes": 0.05, "memory_gb": 1, "output_gb": 0.05}

write()
time.sleep(600)
