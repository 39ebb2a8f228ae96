"""What DVC's cache holds: files by their md5, and for a folder the list of its files."""

import json
from pathlib import Path

CACHE = ".dvc/cache"


def place(md5: str) -> str:
    """Where an object lies in a cache.

    >>> place("0123456789.dir")
    'files/md5/01/23456789.dir'
    """
    return f"files/md5/{md5[:2]}/{md5[2:]}"


def path(md5: str, root: Path) -> Path:
    """The object of a digest in the cache of project `root`, whether it is there or not."""
    return root / CACHE / place(md5)


def files(md5: str, root: Path) -> dict[str, str] | None:
    """The md5 of each file of a folder, by its path in it; None where the cache does not hold the
    folder whole."""
    if not path(md5, root).exists():
        return None
    found = {each["relpath"]: each["md5"] for each in json.loads(path(md5, root).read_text())}
    return found if all(path(each, root).exists() for each in found.values()) else None


def objects(md5: str, root: Path) -> dict[str, Path] | None:
    """Every object that an output consists of, by digest: a file, or a folder's list and its files;
    None where the cache does not hold it whole."""
    inside = files(md5, root) if md5.endswith(".dir") else {}
    if inside is None or not path(md5, root).exists():
        return None
    return {each: path(each, root) for each in (md5, *inside.values())}
