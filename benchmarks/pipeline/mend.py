"""Mend what a killed DVC leaves behind: it rewrites `.dvc/tmp/rwlock` in place, and refuses a cut one ever after."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path


def mend_rwlock(root: Path, say: Callable[[str], object] = print) -> bool:
    """Remove a `.dvc/tmp/rwlock` that is no JSON, unless a running DVC is just writing it; True if it was removed."""
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
