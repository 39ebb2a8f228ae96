"""Works on past its limit and ignores every signal that can be ignored."""

import signal
import time

from answer import write

EXPECT = "timeout"
REASON = "limit"
LIMITS = {"minutes": 0.05, "memory_gb": 1, "output_gb": 0.05}

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
write()
end = time.monotonic() + 600
while time.monotonic() < end:
    pass
