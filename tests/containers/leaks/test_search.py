"""A planted record or label is found wherever and however plainly it lies; everything else is
clean."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from benchmarks.cases import build as cases
from benchmarks.cases import records as whole
from benchmarks.contract import CLASSES, Budget
from benchmarks.datasets import Record
from benchmarks.errors import UserError
from benchmarks.settings import RATE, Board
from containers.leaks import kernels, probes
from containers.leaks import search as leaks

BOARD = Board(
    dataset="made",
    seed=7,
    windows_per_record=2,
    seeds=1,
    budget=Budget(steps=4, windows=256),
)
SPLITS = {"train": ["a", "b"], "validation": ["c"], "test": ["d", "e"]}
RNG = np.random.default_rng(11)
RANDOM = RNG.bytes(100_000)


def made(name: str) -> Record:
    """Half a minute of a signal that wanders, then is flat; beats of all classes, then normal ones,
    then bigeminy."""
    signal = np.cumsum(RNG.normal(size=(2, 8000)), axis=1).astype(np.float32)
    signal[:, 6000:] = 0.25
    labels = np.r_[
        RNG.choice(5, 400, p=[0.6, 0.2, 0.1, 0.05, 0.05]), np.zeros(200, int), np.tile([0, 2], 100)
    ]
    return Record(
        name,
        name,
        ("MLII", "V1"),
        signal,
        RATE,
        np.arange(labels.size) * 10,
        labels.astype(np.uint8),
    )


@pytest.fixture(scope="module")
def board(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("leaks")
    noise = RNG.normal(size=(3, 2, 6000)).astype(np.float32)
    whole.prepare(
        (made(name) for names in SPLITS.values() for name in names), noise, folder / "records"
    )
    cases.build(BOARD, folder / "records", SPLITS, folder / "board")
    return folder / "board"


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    (folder / "100.dat").write_bytes(RNG.bytes(60_000))
    marks = RNG.integers(150, 350, 2000) + (RNG.choice([1, 5, 8], 2000) << 10)
    (folder / "100.atr").write_bytes(marks.astype("<u2").tobytes() + b"\0\0")
    return folder


@pytest.fixture(scope="module")
def known(board, raw) -> np.ndarray:
    return probes.probes(board, [raw])


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def saved(*layers: bytes) -> io.BytesIO:
    """An image as `docker save` writes it."""
    files = {f"blobs/sha256/{k}": layer for k, layer in enumerate(layers)}
    return io.BytesIO(tar({**files, "blobs/sha256/config": b"{}", "manifest.json": b"[]"}))


def search(known: np.ndarray, **files: bytes) -> list[str]:
    return leaks.search(saved(tar({"usr/bin/tool": RANDOM, **files})), known)


def zipped(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("data.npy", data)
    return out.getvalue()


def window(board: Path, kind: type = np.float32) -> bytes:
    return np.load(board / "truth/windows.npy")[2].astype(kind).tobytes()


def beats(board: Path) -> np.ndarray:
    return np.load(board / "truth/labels.npy")


def test_an_honest_image_is_clean(board, known):
    plain = {
        "zeros": bytes(1 << 20),
        "text": b"the quick brown fox jumps over the lazy dog " * 5000,
        "flat": np.full(50_000, 0.25, np.float32).tobytes(),
        "counter": np.arange(50_000).tobytes(),
        "normal": b"N" * 10_000,
        "bigeminy": b"NV" * 10_000 + bytes([0, 2]) * 10_000,
        "wide": np.tile([0, 2], 10_000).tobytes(),
        "lone": (b"N" * 70 + b"V") * 1000,
        "wheel": zipped(RANDOM),
        "beats": np.load(board / "predict/classification/heartbeat/beats_000.npy").tobytes(),
    }
    assert search(known, **plain) == []


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("before", [0, 1, 13, leaks.CHUNK - 2500])
def test_a_single_window_is_found_at_any_alignment(board, known, kind, before):
    assert search(known, held=bytes(before) + window(board, kind) + RANDOM[:99]) == ["held"]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_prepared_record_is_found(board, known, split):
    assert search(known, held=(board / f"fit/records/{split}/signal_000.npy").read_bytes()) == [
        "held"
    ]


@pytest.mark.parametrize("name", ["100.dat", "100.atr"])
def test_raw_files_are_found(raw, known, name):
    assert search(known, held=b"?" + (raw / name).read_bytes()) == ["held"]


def compressed_array(data: bytes) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, data=np.frombuffer(data, np.float32))
    return out.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        compressed_array,
        zipped,
        lambda data: zipped(data, zipfile.ZIP_STORED),
        lambda data: zipped(data, zipfile.ZIP_BZIP2),
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda data: gzip.compress(RANDOM[:5000]) + gzip.compress(data),
        lambda data: b"#!/bin/sh\n" + zipped(data),
        lambda data: zipped(gzip.compress(data), zipfile.ZIP_STORED),
        lambda data: gzip.compress(tar({"inner.npz": zipped(data)})),
        lambda data: b"PK\3\4" + b"\x1f\x8b\x08\0" + lzma.compress(data),
    ],
)
def test_windows_are_found_in_archives(board, known, pack: Callable[[bytes], bytes]):
    assert search(known, held=pack(window(board)), pair=b"PK\3\4" + RANDOM[:100]) == ["held"]


LABELS: dict[str, Callable[[np.ndarray], bytes]] = {
    "uint8": lambda labels: labels.tobytes(),
    "int16": lambda labels: labels.astype("<i2").tobytes(),
    "int32": lambda labels: labels.astype("<i4").tobytes(),
    "int64": lambda labels: labels.astype("<i8").tobytes(),
    "int64, big-endian": lambda labels: labels.astype(">i8").tobytes(),
    "digits": lambda labels: "".join(map(str, labels)).encode(),
    "letters": lambda labels: "".join(CLASSES[label] for label in labels).encode(),
    "letters, UTF-32": lambda labels: np.array(list(CLASSES))[labels].tobytes(),
    "CSV": lambda labels: "\n".join(map(str, labels)).encode(),
    "JSON": lambda labels: json.dumps(labels.tolist()).encode(),
    "JSON letters": lambda labels: json.dumps([CLASSES[label] for label in labels]).encode(),
    "pickle": lambda labels: pickle.dumps(labels.tolist(), protocol=2),
    "npz": lambda labels: zipped(labels.astype("<i8").tobytes()),
}


@pytest.mark.parametrize("encoding", LABELS)
@pytest.mark.parametrize("place", ["truth/labels.npy", "fit/records/train/labels_001.npy"])
def test_labels_are_found_in_each_encoding(board, known, encoding, place):
    planted = LABELS[encoding](np.load(board / place))
    assert search(known, held=b"?" + planted) == ["held"]
    assert search(known, held=RANDOM[:4099] + planted + RANDOM[:999]) == ["held"]


def test_chunk_borders_hide_nothing(board, known, monkeypatch):
    monkeypatch.setattr(leaks, "CHUNK", 1000)
    labels = beats(board)[:400]
    planted = [
        window(board)[:8600],
        labels.tobytes(),
        labels.astype("<i8").tobytes(),
        gzip.compress(labels.tobytes()),
    ]
    for data in planted:
        for before in (0, 900, 936, 937, 969, 970, 971, 999, 1000, 1001):
            assert search(known, held=RANDOM[:before] + data) == ["held"], before


def test_every_block_is_found_over_a_border(board, known, monkeypatch):
    block, other = (
        window(board)[start : start + kernels.BLOCK] for start in (0, 4 * probes.STRIDE)
    )
    monkeypatch.setattr(leaks, "CHUNK", 1000)
    for before in range(1000 - kernels.BLOCK - 1, 1002):
        assert search(known, held=RANDOM[:before] + block, also=other) == ["held", "also"], before


def test_one_probe_is_no_verdict_and_two_in_two_files_are(board, known):
    one, two = (window(board)[start : start + 64] for start in (0, 4 * probes.STRIDE))
    assert search(known, one=one * 2) == []
    assert search(known, one=one, two=two) == ["one", "two"]
    assert leaks.search(saved(tar({"one": one}), tar({"./two": two})), known) == ["one", "two"]


@pytest.mark.parametrize("pack", [zipped, gzip.compress, bz2.compress, lzma.compress])
def test_a_malformed_archive_is_searched_as_plain_bytes(board, known, pack):
    archive = bytearray(pack(RANDOM[:100_000]))
    archive[40:60] = b"\xff" * 20
    broken = [bytes(archive), bytes(archive[:25]), pack(RANDOM[:100_000])[:50_000]]
    assert search(known, **{str(k): data for k, data in enumerate(broken)}) == []
    assert search(known, **{str(k): data + window(board) for k, data in enumerate(broken)}) == [
        "0",
        "1",
        "2",
    ]


@pytest.mark.parametrize("pack", [zipped, gzip.compress, bz2.compress, lzma.compress])
def test_what_unpacks_too_large_is_reported_in_bounded_time(known, monkeypatch, pack):
    monkeypatch.setattr(leaks, "EXPANDED", 1 << 22)
    bombs = pack(bytes(1 << 24)) * 400
    start = process_time()
    suspicious = "(too deep or too large to unpack)"
    assert search(known, bombs=bombs, also=pack(RANDOM)) == [
        f"bombs {suspicious}",
        f"also {suspicious}",
    ]
    assert process_time() - start < 60  # it would unpack to 6.7 GB


def test_what_is_nested_too_deep_is_reported(board, known):
    nested = gzip.compress(zipped(gzip.compress(beats(board).tobytes())))
    assert search(known, nested=nested) == ["nested (too deep or too large to unpack)"]


def test_what_asks_for_too_much_memory_is_reported(known, monkeypatch):
    monkeypatch.setattr(leaks, "MEMORY", 1 << 16)
    assert search(known, greedy=lzma.compress(RANDOM)) == [
        "greedy (too deep or too large to unpack)"
    ]


def test_archives_that_never_end_are_reported(known):
    endless = (b"\x1f\x8b\x08\x08" + b"x" * 60) * 100
    assert search(known, endless=endless) == ["endless (too deep or too large to unpack)"]


def test_layers_may_be_compressed_and_must_be_readable(board, known):
    half = len(layer := tar({"held": window(board), "clean": RANDOM})) // 2
    assert leaks.search(saved(gzip.compress(layer)), known) == ["held"]
    assert leaks.search(
        saved(gzip.compress(layer[:half]) + gzip.compress(layer[half:])), known
    ) == ["held"]
    assert leaks.search(saved(b"\x28\xb5\x2f\xfd" + RANDOM), known) == [
        "blobs/sha256/0 (not readable: zstd)"
    ]
    assert leaks.search(saved(gzip.compress(RANDOM)), known) == ["blobs/sha256/0 (not readable)"]
    assert leaks.search(saved(tar({"clean": RANDOM})[:-20_480]), known) == [
        "blobs/sha256/0 (not readable)"
    ]


def test_what_stands_behind_a_broken_header_is_searched(board, known):
    first, second = tar({"clean": RANDOM}), tar({"held": window(board)})
    assert (
        leaks.search(saved(first.rstrip(b"\0") + b"\xff" * 512 + second), known)[0]
        == "blobs/sha256/0"
    )


def test_a_layer_of_the_older_layout_and_the_config_are_searched(board, known):
    files = {
        "0f/layer.tar": tar({"held": window(board)}),
        "1f.json": LABELS["JSON"](beats(board)),
        "manifest.json": b"",
    }
    assert leaks.search(io.BytesIO(tar(files)), known) == ["held", "1f.json"]


def test_a_stream_that_is_no_image_is_refused(known):
    whole = saved(tar({"clean": RANDOM})).getvalue()
    with pytest.raises(UserError, match="no manifest"):
        leaks.search(io.BytesIO(tar({"blobs/sha256/0": tar({"clean": RANDOM})})), known)
    for broken in (b"", RANDOM, whole[: len(whole) // 2]):
        with pytest.raises((tarfile.TarError, UserError)):
            leaks.search(io.BytesIO(broken), known)
    with pytest.raises(UserError, match="no probes"):
        leaks.search(io.BytesIO(whole), known[:0])


def test_probes_are_sorted_unique_and_need_data(board, raw, tmp_path):
    found = probes.probes(board, [])
    assert found.dtype == np.uint64 and (np.diff(found) > 0).all()
    assert np.isin(found, probes.probes(board, [raw])).all()
    with pytest.raises(UserError, match=r"no \.dat file"):
        probes.probes(board, [tmp_path])
    with pytest.raises(OSError):
        probes.probes(tmp_path, [raw])
