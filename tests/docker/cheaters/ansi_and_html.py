"""Prints what terminals, browsers and the harness's own printer obey, and dies with the same in its message."""

import sys

from answer import write

EXPECT = "crashed"
REASON = "alert(1)"

TEXT = "\x1b[2J\x1b]0;title\x07\x1b[31m [red]rich[/red] [/] <script>alert(1)</script> \u202e | a | **b** ` \x00"

write()
print(TEXT, flush=True)
sys.stdout.buffer.write(b"\xff\xfe\xed\xa0\x80\n")
sys.stdout.flush()
raise RuntimeError(TEXT)
