"""Leaves a hundred folders in each other, a path longer than the kernel takes in one piece."""

import os
from pathlib import Path

from answer import OUT, write

EXPECT = "invalid-output"
REASON = "deep"

write()
os.chdir(OUT)
for _ in range(100):
    Path("deep" * 50).mkdir()
    os.chdir("deep" * 50)
