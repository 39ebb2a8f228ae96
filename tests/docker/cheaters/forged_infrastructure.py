"""Fails as a broken engine would, because the harness's own trouble is forgiven and tried again."""

import sys

from answer import write

EXPECT = "crashed"
REASON = "exit status 125"

write()
print(
    "docker: Error response from daemon: could not select device driver: no space left on device."
)
sys.exit(125)
