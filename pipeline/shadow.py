"""A second view of the project to work in: what is written there leaves the project as it is."""

from collections.abc import Iterable
from pathlib import Path


def shadow(root: Path, target: Path, apart: Iterable[str]) -> None:
    """Make `target` a view of project `root`: a link to all that it holds, but for the paths
    `apart` (relative to the root), which are missing from it and can be made there; the folders
    that they are in are folders of its own."""
    target.mkdir(parents=True, exist_ok=True)
    inner: dict[str, list[str]] = {}
    for path in apart:
        first, _, rest = path.partition("/")
        inner.setdefault(first, []).append(rest)
    for entry in root.iterdir():
        if "" in inner.get(entry.name, []):
            continue
        if entry.name in inner:
            shadow(entry, target / entry.name, inner[entry.name])
        else:
            (target / entry.name).symlink_to(entry)
