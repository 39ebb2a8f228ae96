"""Search a container image for the records and labels of a board before a cell runs in it.

As in rsync, *probes*, blocks of 64 bytes, are taken of the data at a fixed stride, and a rolling
polynomial hash (Karp & Rabin 1987, doi:10.1147/rd.312.0249) looks for them at every byte of the
image: no file format and no alignment hides them. Labels are also found spread out, one byte each
among bytes that repeat from label to label, as in wide integers, CSV, JSON and pickles. Zip entries
(deflate, bzip2), gzip, bzip2 and xz are looked into wherever they begin.

What is encrypted or encoded anew is not found: other compression, base64, signals that were
rescaled, resampled, rounded, interleaved, byte-swapped or written as text, labels written as
floating-point numbers, reordered or broken into lines, weights that learned them by heart. Nor are
pieces shorter than a stride, or what stands in names and links. The search keeps plain copies out;
it proves nothing about an author who wants to deceive."""

import bz2
import gzip
import json
import lzma
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numba import njit
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.contract import CLASSES
from benchmarks.errors import UserError

BLOCK = 64  # bytes of a probe
# Samples between probes of signals: two in each lead of a window, so that no single window passes.
STRIDE = 1024
# Distinct probes in an image: one may be an accident, and whatever is worth having holds more.
ENOUGH = 2
# Bytes from label to label: "0," and int16, "0, ", int32 and UTF-32, '"N", ', int64.
WIDTHS = (2, 3, 4, 5, 8)
SEGMENT = 16  # labels looked at together
CHUNK = 1 << 20  # bytes searched at a time
# Bytes kept from chunk to chunk: a block and three segments of labels at the greatest width.
TAIL = 1024
DEPTH = 2  # archives in archives that are looked into
EXPANDED = 4 << 30  # bytes unpacked of an image, at most
AT_ONCE = 64  # archives that begin before others end, at most
MEMORY = 1 << 28  # bytes that unpacking xz may take; its own -9 takes a quarter
# Bytes read, or given to a decompressor, at a time: it copies what lies beyond its archive.
STEP = 1 << 14
CHANCE = 512  # bytes that may come out of what only looks like an archive
HEADER = 30  # bytes of a zip entry's header
BROKEN = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)

BASE = np.uint64(0x9E3779B97F4A7C15)
LEAVING = np.uint64(pow(int(BASE), BLOCK, 1 << 64))  # weight of the byte that leaves a block
POWERS = np.array([pow(int(BASE), k, 1 << 64) for k in reversed(range(BLOCK))], np.uint64)


def probes(cases: Path, raw: list[Path]) -> np.ndarray:
    """Hashes of a board's probes, sorted and unique: uint64 (probes,).

    `cases` is data/boards/BOARD; `raw` are folders with `.dat` and `.atr` files, if any. Signals:
    records and windows as they lie on disk, windows as float16 and float64 too, raw bytes. Labels:
    codes, digits and letters of the AAMI classes, raw marks. Raises OSError where a file of the
    board is missing, UserError where no probe can be taken."""
    windows = np.load(cases / "truth/windows.npy", mmap_mode="r", allow_pickle=False)
    beats = [
        record["beats"]
        for record in json.loads((cases / "truth/beats.json").read_text())["records"]
    ]
    labels = np.split(
        np.load(cases / "truth/labels.npy", allow_pickle=False), np.cumsum(beats)[:-1]
    )
    labels += [np.load(path, allow_pickle=False) for path in sorted(cases.rglob("labels_*.npy"))]
    alphabets = [
        np.frombuffer(text, np.uint8)
        for text in (bytes(range(5)), b"01234", "".join(CLASSES).encode())
    ]
    found = [_hashes(windows, STRIDE, kind) for kind in (np.float16, np.float32, np.float64)]
    for path in sorted(cases.rglob("signal_*.npy")):
        found.append(_hashes(np.load(path, mmap_mode="r", allow_pickle=False), STRIDE))
    found += [
        _hashes(alphabet[beat], BLOCK, piece=8, least=24)
        for beat in labels
        for alphabet in alphabets
    ]
    for folder in raw:
        waves, marks = (sorted(folder.rglob(kind)) for kind in ("*.dat", "*.atr"))
        if not waves:
            raise UserError(f"{folder}: it holds no .dat file to take probes of")
        found += [_hashes(np.fromfile(path, np.uint8), 4 * STRIDE) for path in waves]
        found += [_hashes(np.fromfile(path, np.uint8), BLOCK) for path in marks]
    known = np.unique(np.concatenate(found))
    if not known.size:
        raise UserError(
            f"{cases}: its signals and labels are too short or too plain to take probes of"
        )
    return known


def _hashes(
    data: np.ndarray, stride: int, kind: Any = None, piece: int = 1, least: int = 16
) -> np.ndarray:
    """Hashes of the blocks, `stride` values apart, of `data` as `kind`, that hold `least` distinct
    pieces of bytes.

    Sixteen distinct bytes are more than a flat signal has. Of eight labels in a row, a lone ectopic
    beat among normal ones makes 9 distinct pieces and a rhythm of period p makes p; 24 stand in no
    unrelated file by chance."""
    kind = np.dtype(kind or data.dtype)
    if data.size * kind.itemsize < BLOCK:
        return np.empty(0, np.uint64)
    values = sliding_window_view(data.reshape(-1), BLOCK // kind.itemsize)[::stride]
    blocks = np.ascontiguousarray(values, kind).view(np.uint8)
    pieces = np.ascontiguousarray(sliding_window_view(blocks, piece, axis=1)).view(f"u{piece}")[
        ..., 0
    ]
    distinct = 1 + np.count_nonzero(np.diff(np.sort(pieces, axis=1), axis=1), axis=1)
    return (blocks[distinct >= least] * POWERS).sum(axis=1, dtype=np.uint64)


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
            self.sieve[_place(known[k], self.sieve.size)] |= _bits(known[k])
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
        look.hit |= _hits(array, max(0, old - BLOCK + 1), look.known, look.sieve, look.seen) > 0
        self.archives = [
            archive for archive in self.archives if not look.cut and archive.unpack(view[old:])
        ]
        first, last = max(0, old - HEADER), max(0, len(data) - HEADER)
        found = np.empty(len(data) // 2 + 1, np.int64)
        for at in found[: _openings(array[first : last + 1], found)] + first:
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


@njit(cache=True)
def _openings(data: np.ndarray, found: np.ndarray) -> int:
    """Write into `found` where in `data` an archive may begin, by its first two bytes; how many
    places these are."""
    count = 0
    for start in range(0, data.size - 1, BLOCK):
        # In two passes: compilers turn the first into vector instructions, and the second is seldom
        # needed.
        block, some = data[start : start + BLOCK + 1], False
        for k in range(block.size - 1):
            some |= _opens(block[k], block[k + 1])
        if some:
            for k in range(block.size - 1):
                if _opens(block[k], block[k + 1]):
                    found[count] = start + k
                    count += 1
    return count


@njit(cache=True)
def _opens(one: int, two: int) -> bool:
    zipped = ((one == 0x50) & (two == 0x4B)) | ((one == 0x1F) & (two == 0x8B))
    return zipped | ((one == 0x42) & (two == 0x5A)) | ((one == 0xFD) & (two == 0x37))


@njit(cache=True)
def _place(value: np.uint64, size: int) -> np.uint64:
    return (value >> np.uint64(40)) & np.uint64(size - 1)


@njit(cache=True)
def _bits(value: np.uint64) -> np.uint64:
    one, other = (value >> np.uint64(34)) & np.uint64(63), (value >> np.uint64(28)) & np.uint64(63)
    return (np.uint64(1) << one) | (np.uint64(1) << other)


@njit(cache=True)
def _mark(value: np.uint64, known: np.ndarray, seen: np.ndarray) -> bool:
    """Whether a hash is that of a probe, which then counts as seen."""
    low, high = 0, known.size
    while low < high:
        middle = (low + high) // 2
        if known[middle] < value:
            low = middle + 1
        else:
            high = middle
    found = low < known.size and known[low] == value
    if found:
        seen[low] = True
    return found


@njit(cache=True)
def _hits(
    data: np.ndarray, start: int, known: np.ndarray, sieve: np.ndarray, seen: np.ndarray
) -> int:
    """Number of probes in `data`: plain ones from byte `start` on, and spread out ones."""
    hits, value, plain = 0, np.uint64(0), data[start:]
    for k in range(min(BLOCK, plain.size)):
        value = value * BASE + np.uint64(plain[k])
    if plain.size >= BLOCK and _mark(value, known, seen):
        hits += 1
    entering, left = plain[BLOCK:], plain[:-BLOCK]
    for k in range(entering.size):
        value = value * BASE + (np.uint64(entering[k]) - np.uint64(left[k]) * LEAVING)
        bits = _bits(value)
        if sieve[_place(value, sieve.size)] & bits == bits and _mark(value, known, seen):
            hits += 1
    for width in WIDTHS:
        hits += _spread_hits(data, width, known, sieve, seen)
    return hits


@njit(cache=True)
def _spread_hits(
    data: np.ndarray, width: int, known: np.ndarray, sieve: np.ndarray, seen: np.ndarray
) -> int:
    """Number of probes of which one byte stands in each `width`, where the bytes between repeat."""
    hits, phase, count, value = 0, -1, 0, np.uint64(0)
    words = data.size // width
    here, before = data[width:], data[:-width]
    for first in range(1, words, SEGMENT):
        stop = min(first + SEGMENT, words)
        varying, which, at = 0, phase, (first - 1) * width
        if (here[at] != before[at]) & (here[at + 1] != before[at + 1]):
            phase = -1
            continue
        for place in range(width):
            for at in range((first - 1) * width + place, (stop - 1) * width, width):
                if here[at] != before[at]:
                    varying, which = varying + 1, place
                    break
            if varying > 1:
                break
        if varying > 1:
            phase = -1
        elif which >= 0:
            begin = first
            if which != phase:
                begin, phase, count, value = max(0, first - BLOCK + 1), which, 0, np.uint64(0)
            for word in range(begin, stop):
                value = value * BASE + np.uint64(data[word * width + phase])
                if count == BLOCK:
                    value -= np.uint64(data[(word - BLOCK) * width + phase]) * LEAVING
                count = min(count + 1, BLOCK)
                bits = _bits(value)
                if (
                    count == BLOCK
                    and sieve[_place(value, sieve.size)] & bits == bits
                    and _mark(value, known, seen)
                ):
                    hits += 1
    return hits
