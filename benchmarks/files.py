"""Files and folders written whole: under a temporary name first, then renamed, so that what is read
is never half-written."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path to write a file under; it takes the name `path` when all went well, and is removed
    otherwise. Folders on the way to it are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "new/a.txt", "text")
    ...     [path.name for path in Path(folder).rglob("*")]
    ['new', 'a.txt']
    """
    with written(path) as temporary:
        temporary.write_text(text)


def write_if_changed(path: Path, text: str) -> bool:
    """As `write_text`, but a file that says so already keeps its time stamp; True if it was
    written."""
    if path.exists() and path.read_text() == text:
        return False
    write_text(path, text)
    return True


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new folder to write into; it takes the place of `target` when all went well, and is removed
    otherwise."""
    part = target.with_name(f"{target.name}.tmp")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)


def digest(value: Any) -> str:
    """sha256 of a JSON value, whatever the order of its keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()
