"""The inner loops of the search, compiled: rolling hashes of bytes, and where an archive may begin.

A rolling polynomial hash (Karp & Rabin 1987, doi:10.1147/rd.312.0249) of the last `BLOCK` bytes is
held against the probes at every byte; a sieve of two bits per hash keeps nearly all bytes from the
binary search."""

import numpy as np
from numba import njit

BLOCK = 64  # bytes of a probe
# Bytes from label to label: "0," and int16, "0, ", int32 and UTF-32, '"N", ', int64.
WIDTHS = (2, 3, 4, 5, 8)
SEGMENT = 16  # labels looked at together
BASE = np.uint64(0x9E3779B97F4A7C15)
LEAVING = np.uint64(pow(int(BASE), BLOCK, 1 << 64))  # weight of the byte that leaves a block
POWERS = np.array([pow(int(BASE), k, 1 << 64) for k in reversed(range(BLOCK))], np.uint64)


@njit(cache=True)
def openings(data: np.ndarray, found: np.ndarray) -> int:
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
def sieve_place(value: np.uint64, size: int) -> np.uint64:
    """The word of a sieve of `size` words, a power of two, in which a hash has its bits."""
    return (value >> np.uint64(40)) & np.uint64(size - 1)


@njit(cache=True)
def sieve_bits(value: np.uint64) -> np.uint64:
    """The two bits of a hash in its word of the sieve."""
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
def hits(
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
        bits = sieve_bits(value)
        if sieve[sieve_place(value, sieve.size)] & bits == bits and _mark(value, known, seen):
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
                bits = sieve_bits(value)
                if (
                    count == BLOCK
                    and sieve[sieve_place(value, sieve.size)] & bits == bits
                    and _mark(value, known, seen)
                ):
                    hits += 1
    return hits
