"""Takes ten gigabytes of memory."""

from answer import write

EXPECT = "out-of-memory"
REASON = "limit"
LIMITS = {"minutes": 1, "memory_gb": 0.2, "output_gb": 0.05}

held = [b"x" * (10**7 + number) for number in range(1000)]
write()
