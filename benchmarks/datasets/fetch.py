"""Bring the files of a data set into a folder, from its publisher or from a mirror, and hold them
to their digests.

The committed list `<name>.sha256` has a line "sha256  bytes  file" for each file needed. A file
takes its name only when it is complete and right, so an interrupted fetch is resumed by fetching
again."""

import errno
import hashlib
import importlib
import re
import shutil
from collections.abc import Callable, Sequence
from os import getpid
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.errors import UserError

LEFTOVER = re.compile(r"\.\d+\.fetch\.tmp$")
CHUNK = 1 << 16  # bytes


class FetchError(UserError):
    """A file of a data set that is wrong, short, missing or out of reach; the message says what to
    do."""


class Listed(NamedTuple):
    """A line of a data set's committed list."""

    sha256: str
    size: int  # bytes
    name: str


class Fetched(NamedTuple):
    """What `fetch` did: files that were already right, that were missing, and that were there but
    wrong."""

    kept: list[str]
    brought: list[str]
    replaced: list[str]


def listed(name: str) -> list[Listed]:
    """The files of data set `name`, from its committed list."""
    path = Path(__file__).with_name(f"{name}.sha256")
    if not path.exists():
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.sha256")))
        raise FetchError(f"no data set {name!r} to fetch; known: {known}")
    lines = [line.split(maxsplit=2) for line in path.read_text().splitlines()]
    return [Listed(sha256, int(size), file) for sha256, size, file in lines]


def problem(path: Path, file: Listed) -> str | None:
    """What is wrong with `path`, which should be `file`; None if nothing is."""
    if not path.is_file():
        return "it is missing"
    size = path.stat().st_size
    if size != file.size:
        return f"it has {size} bytes, expected {file.size}"
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    return None if found == file.sha256 else f"its sha256 is {found}, expected {file.sha256}"


def verify(name: str, folder: Path, files: Sequence[Listed]) -> None:
    """Raise FetchError naming the first of `files` in `folder` that is wrong, short or missing."""
    for file in files:
        if wrong := problem(folder / file.name, file):
            raise FetchError(f"{folder / file.name}: {wrong}; fetch it again: pqrst fetch {name}")


def fetch(
    name: str,
    target: Path,
    mirror: Path | None = None,
    url: str | None = None,
    progress: bool = True,
) -> Fetched:
    """Bring every file of data set `name` to `target`: copied from `mirror`/`name`, or downloaded
    if `mirror` is None.

    `url` overrides the publisher's. Files in `target` that are right stay, wrong ones are replaced.
    With `progress`, a bar counts the bytes on a terminal. Raises FetchError naming the file, what
    was expected and found, and the way out."""
    files = listed(name)
    if mirror is not None:
        return bring(name, files, target, _copier(name, mirror), progress)
    return bring(name, files, target, _downloader(name, url or published(name)), progress)


def published(name: str) -> str:
    """The URL under which the publisher of data set `name` has its files."""
    return importlib.import_module(f"benchmarks.datasets.{name}").URL


# Writes the listed file to the path, tells the callback each number of bytes; returns where from,
# and the way out.
Source = Callable[[Listed, Path, Callable[[int], object]], tuple[str, str]]


def bring(
    name: str, files: Sequence[Listed], target: Path, source: Source, progress: bool = True
) -> Fetched:
    """Bring `files` from `source` to `target`, see `fetch`."""
    from tqdm import tqdm

    done = Fetched([], [], [])
    path = target
    try:
        target.mkdir(parents=True, exist_ok=True)
        for leftover in target.rglob("*.fetch.tmp"):
            if LEFTOVER.search(leftover.name):
                leftover.unlink(missing_ok=True)
        total = sum(file.size for file in files)
        # disable=None leaves the bar out where there is no terminal.
        with tqdm(
            total=total, desc=name, unit="B", unit_scale=True, disable=None if progress else True
        ) as bar:
            for file in files:
                path = target / file.name
                before, there = bar.n, path.exists()
                if problem(path, file) is None:
                    done.kept.append(file.name)
                else:
                    _bring_one(file, path, source, bar.update)
                    (done.replaced if there else done.brought).append(file.name)
                bar.update(before + file.size - bar.n)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            left = sum(file.size for file in files if not (target / file.name).exists())
            free = shutil.disk_usage(target).free
            raise FetchError(
                f"{path}: no space left on the disk, {free} bytes are free and {left} still to"
                f" come; make room and fetch again, what is complete stays: pqrst fetch {name}"
            ) from None
        raise FetchError(
            f"{path}: {error.strerror or error}; see to it and fetch again: pqrst fetch {name}"
        ) from None
    return done


def _bring_one(file: Listed, path: Path, source: Source, count: Callable[[int], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{getpid()}.fetch.tmp")
    try:
        origin, way_out = source(file, temporary, count)
        if wrong := problem(temporary, file):
            raise FetchError(f"{origin}: {wrong}; {way_out}")
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def _copier(name: str, mirror: Path) -> Source:
    way_out = f"correct the mirror, or unset PQRST_MIRROR and download: pqrst fetch {name}"

    def copy(file: Listed, temporary: Path, count: Callable[[int], object]) -> tuple[str, str]:
        origin = mirror / name / file.name
        if not origin.is_file():
            raise FetchError(
                f"{origin}: it is missing in the mirror, expected {file.size} bytes; {way_out}"
            )
        shutil.copyfile(origin, temporary)
        return str(origin), way_out

    return copy


class _Counter:
    """A progress bar as pooch asks for one, which counts the bytes of one file."""

    total = 0

    def __init__(self, count: Callable[[int], object], size: int) -> None:
        self.count, self.left = count, size

    def update(self, size: int) -> None:
        # pooch counts whole chunks, and the whole file once more at the end.
        step = min(size, self.left)
        self.left -= step
        self.count(step)

    def reset(self) -> None: ...

    def close(self) -> None: ...


def _downloader(name: str, url: str) -> Source:
    again = f"fetch again, what is complete stays: pqrst fetch {name}"

    def download(file: Listed, temporary: Path, count: Callable[[int], object]) -> tuple[str, str]:
        from pooch import HTTPDownloader
        from requests.exceptions import HTTPError, RequestException

        origin = f"{url.rstrip('/')}/{file.name}"
        # Pooch takes such an object, its annotation knows of bool alone.
        counter: Any = _Counter(count, file.size)
        try:
            HTTPDownloader(progressbar=counter, chunk_size=CHUNK)(origin, temporary, None)
        except HTTPError as error:
            raise FetchError(
                f"{origin}: the server answers {error}; {again}, or set PQRST_MIRROR to a folder"
                f" that holds {name}/{file.name}"
            ) from None
        except RequestException as error:
            size = temporary.stat().st_size if temporary.exists() else 0
            raise FetchError(
                f"{origin}: the download broke off after {size} of {file.size} bytes ({error});"
                f" {again}, or without a network set PQRST_MIRROR to a folder that holds"
                f" {name}/{file.name}"
            ) from None
        return origin, again

    return download
