"""Writes to its inputs, to the system and to the kernel's settings: wherever a file or a folder lets it."""

import os
from pathlib import Path

from answer import CASE, OUT, ROOT, attempt, reached, write

EXPECT = "ok"
REASON = ""

FILES = (
    CASE / "windows.npy",
    CASE / "windows.json",
    ROOT / "call.json",
    Path(__file__),
    Path("/etc/hosts"),
)
FOLDERS = (
    "/",
    "/pqrst",
    "/pqrst/case",
    "/usr",
    "/etc",
    "/opt/pqrst",
    "/var/tmp",
    "/home",
    "/run",
    "/sys/fs/cgroup",
)
KERNEL = ("sys/kernel/core_pattern", "sys/kernel/hostname", "sys/vm/drop_caches", "sysrq-trigger")
OPEN = {"/pqrst/out", "/tmp", "/dev/shm", "/dev/mqueue"}

for path in FILES:
    attempt(f"writing to {path}", path.open, "r+b")
    attempt(f"the mode of {path}", path.chmod, 0o777)
    attempt(f"the time of {path}", os.utime, path)
    attempt(f"a hard link to {path}", os.link, path, OUT / "hard-link")
    attempt(f"the name of {path}", path.rename, path.with_name("renamed"))
for folder in FOLDERS:
    attempt(f"a file in {folder}", Path(folder, "written").touch)
for name in KERNEL:
    attempt(f"/proc/{name}", os.open, f"/proc/{name}", os.O_WRONLY)
attempt("being spared when memory ends", Path("/proc/self/oom_score_adj").write_text, "-1000")
for parent, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if str(Path(parent, name)) not in OPEN | {"/proc"}]
    for path in (Path(parent), *(Path(parent, name) for name in files)):
        if os.access(path, os.W_OK) and (path.is_dir() or path.is_file()):
            reached(f"{path} is writable")
write()
