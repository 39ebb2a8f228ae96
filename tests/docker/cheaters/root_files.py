"""Makes files of root: gives one away, takes root's id, and leaves an answer with the bits that lend its owner's id."""

import os

from answer import ANSWER, OUT, attempt, reached, write

EXPECT = "ok"
REASON = ""

write()
ANSWER.chmod(0o6755)
attempt("a file that belongs to root", os.chown, ANSWER, 0, 0)
attempt("root's id", os.setuid, 0)
attempt("root's group", os.setgid, 0)
attempt("root's groups", os.setgroups, [0])
for folder in (OUT, "/tmp", "/dev/shm"):
    if not os.statvfs(folder).f_flag & os.ST_NOSUID:
        reached(f"{folder} lends its owner's id")
