"""Prints 200 MB, then answers."""

import sys

from answer import write

EXPECT = "ok"
REASON = ""
LIMITS = {"minutes": 3, "memory_gb": 1, "output_gb": 0.05}

for _ in range(200):
    sys.stdout.write("flood " * 170_000 + "\n")
write()
