"""Search a container image for the records and labels of a board before a method runs in it.

As in rsync, *probes*, blocks of 64 bytes, are taken of the data at a fixed stride (`probes.py`),
and a rolling hash looks for them at every byte of the image (`kernels.py`): no file format and no
alignment hides them. Labels are also found spread out, one byte each
among bytes that repeat from label to label, as in wide integers, CSV, JSON and pickles. Zip entries
(deflate, bzip2), gzip, bzip2 and xz are looked into wherever they begin.

What is encrypted or encoded anew is not found: other compression, base64, signals that were
rescaled, resampled, rounded, interleaved, byte-swapped or written as text, labels written as
floating-point numbers, reordered or broken into lines, weights that learned them by heart. Nor are
pieces shorter than a stride, or what stands in names and links. The search keeps plain copies out;
it proves nothing about an author who wants to deceive."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from benchmarks.errors import UserError
from containers.leaks.kernels import BLOCK, hits, openings, sieve_bits, sieve_place

# Distinct probes in an image: one may be an accident, and whatever is worth having holds more.
ENOUGH = 2
CHUNK = 1 << 20  # bytes searched at a time
# Bytes kept from chunk to chunk: a block and three segments of labels at the greatest width.
TAIL = 1024
DEPTH = 2  # archives in archives that are looked into
EXPANDED = 4 << 30  # bytes unpacked of an image, at most
AT_ONCE = 64  # archives that begin before others end, at most
MEMORY = 1 << 28  # bytes that unpacking xz may take; its own -9 takes a quarter
# Bytes read or given to a decompressor at a time: the decompressor copies the bytes that follow its
# archive, so each step should be small.
STEP = 1 << 14
CHANCE = 512  # bytes that may come out of what only looks like an archive
HEADER = 30  # bytes of a zip entry's header
BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


def search(stream: BinaryIO, known: np.ndarray) -> list[str]:
    """Names of the files of an image that hold data of a board; an empty list where it is clean.

    `stream` is what `docker save` writes, read once, in bounded memory; `known` is what `probes`
    gave. Data is there where two distinct probes are. A name that goes on in brackets is that of a
    file or layer which could not be searched to its end: nested too deep, unpacked too large, or
    not readable; it counts against the image too. Raises UserError without probes or where the
    manifest is missing, tarfile.TarError where the stream is no tar."""
    look, complete = _Look(known), False
    with tarfile.open(fileobj=stream, mode="r|", bufsize=STEP) as image:
        for name, blob in _files(image):
            complete |= name == "manifest.json"
            head = blob.peek(BLOCK * 8)
            zipped = head[:2] == b"\x1f\x8b"
            try:
                if zipped or head[257:262] == b"ustar":
                    _search_layer(look, name, gzip.GzipFile(fileobj=blob) if zipped else blob)
                else:
                    look.file(name, blob)
            except BROKEN:
                look.unread.append(f"{name} (not readable)")
            if head[:4] == b"\x28\xb5\x2f\xfd":
                look.unread.append(f"{name} (not readable: zstd)")
    if not complete:
        raise UserError(
            "no manifest.json in the stream: it broke off, or docker save did not write it"
        )
    return look.found()


def search_files(paths: Iterable[Path], known: np.ndarray) -> list[str]:
    """The same of files on disk, all of them together. Raises UserError without probes."""
    look = _Look(known)
    for path in paths:
        with path.open("rb") as file:
            look.file(str(path), file)
    return look.found()


def _search_layer(look: "_Look", name: str, blob: Any) -> None:
    with tarfile.open(fileobj=blob, mode="r|", bufsize=STEP) as layer:
        for inner, file in _files(layer):
            look.file(inner, file)
        # Python's reader stops in silence at a header that it cannot read.
        look.file(name, layer.fileobj)


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, Any]]:
    for member in iter(archive.next, None):
        archive.members.clear()  # type: ignore[attr-defined]
        if not member.issym() and not member.islnk() and (file := archive.extractfile(member)):
            yield member.name.removeprefix("./"), file


class _Look:
    """What is looked for in an image, and what was found so far."""

    def __init__(self, known: np.ndarray):
        if not known.size:
            raise UserError("there are no probes to search for")
        self.known, self.seen = known, np.zeros(known.size, bool)
        self.sieve = np.zeros(1 << max(17, known.size.bit_length()), np.uint64)
        for k in range(known.size):
            self.sieve[sieve_place(known[k], self.sieve.size)] |= sieve_bits(known[k])
        self.left = EXPANDED
        self.hit = self.cut = False
        self.held: list[str] = []
        self.unread: list[str] = []

    def found(self) -> list[str]:
        """The files that count against the image."""
        held = self.held if self.seen.sum() >= ENOUGH else []
        return list(dict.fromkeys([*held, *self.unread]))

    def file(self, name: str, file: Any) -> None:
        """Search a file from where it stands to its end."""
        self.hit = self.cut = False
        whole = _Bytes(self, 0)
        while chunk := file.read(CHUNK):
            whole.feed(chunk)
        if self.hit:
            self.held.append(name)
        if self.cut:
            self.unread.append(f"{name} (too deep or too large to unpack)")


class _Bytes:
    """Bytes that go by: those of a file, or what is unpacked of it."""

    def __init__(self, look: _Look, depth: int):
        self.look, self.depth, self.tail = look, depth, b""
        self.archives: list[_Archive] = []

    def feed(self, chunk: bytes) -> None:
        """Search the bytes that come next."""
        look, data, old = self.look, self.tail + chunk, len(self.tail)
        array, view = np.frombuffer(data, np.uint8), memoryview(data)
        look.hit |= hits(array, max(0, old - BLOCK + 1), look.known, look.sieve, look.seen) > 0
        self.archives = [
            archive for archive in self.archives if not look.cut and archive.unpack(view[old:])
        ]
        first, last = max(0, old - HEADER), max(0, len(data) - HEADER)
        found = np.empty(len(data) // 2 + 1, np.int64)
        for at in found[: openings(array[first : last + 1], found)] + first:
            # Of a file that is reported anyway, no more is unpacked: it may hold a million bombs.
            if not look.cut and (opened := _open(data[at : at + HEADER])):
                archive = _Archive(look, self.depth + 1, *opened)
                if archive.unpack(view[at:]):
                    self.archives.append(archive)
                    look.cut |= len(self.archives) > AT_ONCE
        self.tail = data[-TAIL:]


class _Archive:
    """A compressed stream that is being unpacked; it begins after `skip` bytes of header."""

    def __init__(self, look: _Look, depth: int, decoder: Any, skip: int):
        self.look, self.decoder, self.skip = look, decoder, skip
        self.inside = _Bytes(look, depth) if depth <= DEPTH else None

    def unpack(self, data: memoryview) -> bool:
        """Unpack and search the bytes that come next; False when it has ended, is broken or goes
        too far."""
        skipped = min(self.skip, len(data))
        self.skip -= skipped
        for start in range(skipped, len(data), STEP):
            part, full = data[start : start + STEP], True
            while full:
                try:
                    out = self.decoder.decompress(part, CHUNK)
                except BROKEN as error:
                    self.look.cut |= "limit" in str(error)  # xz asks for more than MEMORY
                    return False
                self.look.left -= len(out)
                if len(out) > CHANCE and (self.inside is None or self.look.left < 0):
                    self.look.cut = True
                    return False
                if self.inside:
                    self.inside.feed(out)
                if self.decoder.eof:
                    return False
                part, full = getattr(self.decoder, "unconsumed_tail", b""), len(out) == CHUNK
        return True


def _open(head: bytes) -> tuple[Any, int] | None:
    """A decompressor of what begins with these bytes, and the length of its header; None if nothing
    does."""
    if head.startswith(b"PK\3\4"):
        skip = (
            HEADER + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        )
        if head[8:10] == b"\x08\0":
            return zlib.decompressobj(-15), skip
        if head[8:10] == b"\x0c\0":
            return bz2.BZ2Decompressor(), skip
    if head.startswith(b"\x1f\x8b\x08"):
        return zlib.decompressobj(31), 0
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        return bz2.BZ2Decompressor(), 0
    if head.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY), 0
    return None
