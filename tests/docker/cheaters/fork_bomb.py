"""Starts five thousand processes that stay."""

import os
import time

from answer import write

EXPECT = "over-quota"
REASON = "Resource temporarily unavailable"

for _ in range(5000):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
write()
