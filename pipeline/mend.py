"""Mend what DVC leaves behind: killed, a cut `.dvc/tmp/rwlock`, which it refuses ever after; and
records of stages that are gone."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.files import write_text
from pipeline.state import read_locks, read_stages


def mend_rwlock(root: Path, say: Callable[[str], object] = print) -> bool:
    """Remove a `.dvc/tmp/rwlock` that is no JSON, unless a running DVC is just writing it; True if
    it was removed."""
    path = root / ".dvc/tmp/rwlock"
    if not path.exists():
        return False
    # DVC holds this file's lock while it writes.
    with (path.parent / "rwlock.lock").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        try:
            json.loads(path.read_text())
        except ValueError:
            path.unlink()
            say(f"removed {path}, which a killed DVC had left cut short")
            return True
    return False


def prune_locks(root: Path) -> list[str]:
    """Take the records of stages that no dvc.yaml has out of the dvc.lock files, and leave all else
    as it is; returns their addresses."""
    orphans = sorted(set(read_locks(root)) - set(read_stages(root)))
    for address in orphans:
        file, _, stage = address.rpartition(":")
        lock = root / file.replace("dvc.yaml", "dvc.lock") if file else root / "dvc.lock"
        kept, inside, left = [], False, 0
        for line in lock.read_text().splitlines(keepends=True):
            # The head of a stage, or a key of the file.
            if line.strip() and not line.startswith("   "):
                inside = line.rstrip() == f"  {stage}:"
                left += line.startswith("  ") and not inside
            kept += [] if inside else [line]
        if left:
            write_text(lock, "".join(kept))
        else:
            lock.unlink()
    return orphans
