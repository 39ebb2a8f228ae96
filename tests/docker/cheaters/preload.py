"""Looks whether its image made the loader or Python run other code: LD_PRELOAD, PYTHONPATH and their like."""

import os
from pathlib import Path

from answer import reached, write

EXPECT = "ok"
REASON = ""

NAMES = (
    "LD_PRELOAD",
    "LD_AUDIT",
    "LD_LIBRARY_PATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "BASH_ENV",
)

for name in NAMES:
    if os.environ.get(name):
        reached(f"{name}={os.environ[name]}")
if os.environ.get("PYTHONPATH", "/opt/pqrst") != "/opt/pqrst":
    reached(f"PYTHONPATH={os.environ['PYTHONPATH']}")
if Path("/etc/ld.so.preload").exists():
    reached("/etc/ld.so.preload")
write()
