"""The MIT-BIH databases: what is in them, who is in which split, and what a broken file says."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from benchmarks.datasets import CLASSES, Record, mitdb, nstdb
from benchmarks.datasets.fetch import FetchError
from benchmarks.datasets.leads import canonical_order
from benchmarks.datasets.wfdb_files import read_marks, read_waveforms
from benchmarks.errors import UserError

DS1 = [*mitdb.SPLITS["train"], *mitdb.SPLITS["validation"], "201"]
DS2 = list(mitdb.SPLITS["test"])


class Seen(NamedTuple):
    """What a record held, without its signal."""

    record: Record
    shape: tuple[int, ...]
    dtype: np.dtype
    sd: np.ndarray
    counts: np.ndarray


@pytest.fixture(scope="session")
def seen(mitdb_folder: Path) -> dict[str, Seen]:
    def look(record: Record) -> Seen:
        counts = np.bincount(record.labels, minlength=len(CLASSES))
        light = record._replace(signal=np.empty(0, np.float32))
        return Seen(
            light, record.signal.shape, record.signal.dtype, record.signal.std(axis=1), counts
        )

    return {record.name: look(record) for record in mitdb.records(mitdb_folder)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (mitdb.RECORDS, (90_631, 2_781, 7_236, 803, 8_043)),
        (DS1, (45_866, 944, 3_788, 415, 8)),
        ([name for name in DS1 if name != "201"], (44_231, 816, 3_590, 413, 8)),
        (DS2, (44_259, 1_837, 3_221, 388, 7)),
        (mitdb.PACED, (506, 0, 227, 0, 8_028)),
        (mitdb.SPLITS["validation"], None),
    ],
    ids=["all", "DS1", "DS1 less 201", "DS2", "paced", "validation"],
)
def test_beats_by_class(
    seen: dict[str, Seen], names: tuple[str, ...], expected: tuple[int, ...] | None
) -> None:
    counts = tuple(np.sum([seen[name].counts for name in names], axis=0))
    if expected is None:
        assert counts[1:4] == (143, 325, 21)
    else:
        assert counts == expected


def test_every_record_is_complete(seen: dict[str, Seen]) -> None:
    assert tuple(seen) == mitdb.RECORDS and len(seen) == 48
    for name, one in seen.items():
        assert one.record.name == name and one.record.patient == mitdb.PERSON[name]
        assert one.shape == (2, 650_000) and one.dtype == np.float32 and one.record.rate == 360.0
        assert one.record.beats.dtype == np.int64 and one.record.labels.dtype == np.uint8
        assert len(one.record.beats) == len(one.record.labels) == one.counts.sum()
        assert (
            one.record.beats[0] >= 0
            and one.record.beats[-1] < 650_000
            and (np.diff(one.record.beats) > 0).all()
        )
        assert (one.sd > 0.03).all() and (one.sd < 2).all(), f"{name} is not in mV"


def test_leads_are_in_canonical_order(seen: dict[str, Seen]) -> None:
    assert seen["114"].record.leads == ("MLII", "V5")
    assert seen["102"].record.leads == ("V2", "V5")
    assert all(seen[name].record.leads[0] == "MLII" for name in (*DS1, *DS2))


def test_the_signal_follows_its_lead(mitdb_folder: Path) -> None:
    import wfdb

    on_disk: Any = wfdb.rdrecord(str(mitdb_folder / "114"))
    assert on_disk.sig_name == ["V5", "MLII"]
    given = next(record for record in mitdb.records(mitdb_folder) if record.name == "114")
    np.testing.assert_allclose(given.signal, on_disk.p_signal.T[::-1], atol=1e-6)


def test_marks_that_are_no_beats_are_left_out(seen: dict[str, Seen], mitdb_folder: Path) -> None:
    positions, symbols = read_marks(mitdb_folder / "207", 650_000)
    assert symbols.count("!") == 472
    assert len(seen["207"].record.beats) == sum(symbol in mitdb.SYMBOLS for symbol in symbols)
    flutter = positions[np.array(symbols) == "!"]
    assert not np.isin(flutter, seen["207"].record.beats).any()


def test_the_label_map_is_that_of_aami() -> None:
    expected = {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}
    assert {
        symbol: label for label, symbols in expected.items() for symbol in symbols
    } == mitdb.SYMBOLS


def test_tape_and_age_show_that_201_and_202_are_one_person(mitdb_folder: Path) -> None:
    # A header's first remark: age, sex, number of the analogue tape, digitizer, playback speed.
    first = {
        name: read_waveforms(mitdb_folder / name).comments[0].split()[:3]
        for name in ("200", "201", "202")
    }
    assert first["201"] == first["202"] == ["68", "M", "1960"]
    assert first["200"] != first["201"]
    tapes = {}
    for name in mitdb.RECORDS:
        remark = next(
            line
            for line in (mitdb_folder / f"{name}.hea").read_text().splitlines()
            if line.startswith("#")
        )
        tapes.setdefault(remark.split()[3], []).append(name)
    assert [names for names in tapes.values() if len(names) > 1] == [["201", "202"]]


def test_nobody_is_in_two_splits() -> None:
    assert len(mitdb.RECORDS) == 48 and len(set(mitdb.PERSON.values())) == 47
    people = {
        split: {mitdb.PERSON[name] for name in names} for split, names in mitdb.SPLITS.items()
    }
    assert {split: len(names) for split, names in people.items()} == {
        "train": 16,
        "validation": 5,
        "test": 22,
    }
    assert len(set.union(*people.values())) == 16 + 5 + 22
    used = {name for names in mitdb.SPLITS.values() for name in names}
    assert set(mitdb.RECORDS) - used == {"201", *mitdb.PACED}


def test_the_noise(nstdb_folder: Path) -> None:
    noise = nstdb.noise(nstdb_folder)
    assert noise.shape == (3, 2, 451_389) and noise.dtype == np.float32
    np.testing.assert_allclose(noise.mean(axis=-1, dtype=float), 0, atol=1e-4)
    np.testing.assert_allclose(noise.std(axis=-1, dtype=float), 1, atol=1e-4)
    power = np.abs(np.fft.rfft(noise[..., :450_000], axis=-1)) ** 2
    below_1_hz = 450_000 // 250
    slow = power[..., :below_1_hz].sum(axis=-1) / power.sum(axis=-1)
    assert (slow[0] > 0.9).all(), "baseline wander lies below 1 Hz"
    assert (slow[2] < slow[0]).all(), "muscle noise does not"


# What a broken file of the real database says.


@pytest.fixture
def record_100(mitdb_folder: Path, tmp_path: Path) -> Path:
    for suffix in ("hea", "dat", "atr"):
        shutil.copyfile(mitdb_folder / f"100.{suffix}", tmp_path / f"100.{suffix}")
    return tmp_path


def test_records_are_read_one_by_one(record_100: Path) -> None:
    stream = mitdb.records(record_100)
    assert next(stream).name == "100"
    with pytest.raises(
        FetchError, match=r"101\.hea: it is missing; fetch it again: pqrst fetch mitdb"
    ):
        next(stream)


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[1000] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("100.dat", corrupt, r"its sha256 is [0-9a-f]{64}, expected b2ea3c250e56e48f[0-9a-f]{48}"),
        (
            "100.dat",
            lambda path: path.write_bytes(path.read_bytes()[:-3]),
            "it has 1949997 bytes, expected 1950000",
        ),
        (
            "100.atr",
            lambda path: path.write_bytes(path.read_bytes()[:2000]),
            "it has 2000 bytes, expected 4558",
        ),
        ("100.atr", corrupt, r"its sha256 is [0-9a-f]{64}, expected 8d8a5349fb16638e[0-9a-f]{48}"),
        ("100.hea", Path.unlink, "it is missing"),
        ("100.dat", Path.unlink, "it is missing"),
    ],
    ids=["corrupt dat", "short dat", "short atr", "corrupt atr", "no hea", "no dat"],
)
def test_a_broken_record(
    record_100: Path, name: str, spoil: Callable[[Path], object], says: str
) -> None:
    spoil(record_100 / name)
    with pytest.raises(FetchError) as caught:
        next(mitdb.records(record_100))
    way_out = "fetch it again: pqrst fetch mitdb"
    assert re.fullmatch(
        f"{re.escape(str(record_100 / name))}: {says}; {way_out}", str(caught.value)
    )


def test_a_folder_without_the_noise(tmp_path: Path) -> None:
    with pytest.raises(
        FetchError, match=r"bw\.hea: it is missing; fetch it again: pqrst fetch nstdb"
    ):
        nstdb.noise(tmp_path)


# The reader of WFDB files, on a record made here.


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A record of 2 leads, 1000 samples and 9 marks."""
    import wfdb

    signal = np.random.default_rng(0).normal(0, 0.3, (1000, 2))
    wfdb.wrsamp(
        "made",
        360,
        ["mV"] * 2,
        ["V5", "MLII"],
        p_signal=signal,
        fmt=["212"] * 2,
        adc_gain=[200] * 2,
        baseline=[0] * 2,
        comments=["55 F"],
        write_dir=str(tmp_path),
    )
    wfdb.wrann("made", "atr", np.arange(50, 950, 100), list("NNVNN+NAN"), write_dir=str(tmp_path))
    return tmp_path / "made"


def test_reading_a_record(made: Path) -> None:
    signal, leads, rate, comments = read_waveforms(made)
    expected = np.random.default_rng(0).normal(0, 0.3, (1000, 2)).T
    np.testing.assert_allclose(signal, expected, atol=0.5 / 200 + 1e-6)
    assert signal.dtype == np.float32 and signal.flags.c_contiguous
    assert (leads, rate, comments) == (["V5", "MLII"], 360.0, ["55 F"])
    digital = read_waveforms(made, digital=True).signal
    np.testing.assert_array_equal(digital, np.round(signal * 200))
    positions, symbols = read_marks(made, 1000)
    np.testing.assert_array_equal(positions, np.arange(50, 950, 100))
    assert "".join(symbols) == "NNVNN+NAN"


@pytest.mark.parametrize(
    ("suffix", "content", "says"),
    [
        (
            ".dat",
            lambda b: b[:-3],
            r"made\.dat: not readable as the 1000 samples x 2 leads of .*made\.hea",
        ),
        (".dat", lambda b: b[:-1], r"made\.dat: not readable as the 1000 samples x 2 leads"),
        (".dat", lambda b: b"", r"made\.dat: not readable as the 1000 samples x 2 leads"),
        (
            ".dat",
            lambda b: b[:600] + b"\0\x08\0" + b[603:],
            r"made\.dat: 1 samples are marked as invalid",
        ),
        (
            ".hea",
            lambda b: b.replace(b"/mV", b"/uV"),
            r"made\.hea: formats {'212'} in {'uV'}, expected 212 or 16 in mV",
        ),
        (
            ".hea",
            lambda b: b.replace(b" 212 ", b" 80 "),
            r"made\.hea: formats {'80'} in {'mV'}, expected 212 or 16 in mV",
        ),
        (".hea", lambda b: b"", r"made\.hea: not readable as a WFDB header"),
        (".hea", lambda b: b"garbage\n", r"made\.hea: not readable as a WFDB header"),
        (".hea", lambda b: b"made 2 360\n", r"made\.hea: not readable as a WFDB header"),
        (
            ".hea",
            lambda b: b.replace(b" 1000", b" 2000"),
            r"made\.dat: not readable as the 2000 samples x 2 leads",
        ),
        (".hea", None, r"made\.hea: there is no such file"),
        (".dat", None, r"made\.dat: there is no such file"),
    ],
)
def test_broken_waveforms(
    made: Path, suffix: str, content: Callable[[bytes], bytes] | None, says: str
) -> None:
    change(made.with_suffix(suffix), content)
    with pytest.raises(UserError, match=says):
        read_waveforms(made)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda b: b[:-2], r"made\.atr: cut short, the end mark \(two zero bytes\) is missing"),
        (lambda b: b[:-1], r"made\.atr: cut short"),
        (lambda b: b[: len(b) // 2], r"made\.atr: cut short"),
        (lambda b: b"", r"made\.atr: cut short"),
        (lambda b: b[1:], r"made\.atr: not readable as WFDB annotations"),
        (
            lambda b: b"\0\0",
            r"made\.atr: marks at samples none, expected ascending ones within 0 to 999",
        ),
        (None, r"made\.atr: there is no such file"),
    ],
)
def test_broken_marks(made: Path, content: Callable[[bytes], bytes] | None, says: str) -> None:
    change(made.with_suffix(".atr"), content)
    with pytest.raises(UserError, match=says):
        read_marks(made, 1000)


def test_marks_past_the_end_of_the_signal(made: Path) -> None:
    with pytest.raises(
        UserError, match=r"made\.atr: marks at samples 50 to 850, .* within 0 to 499"
    ):
        read_marks(made, 500)


def change(path: Path, content: Callable[[bytes], bytes] | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content(path.read_bytes()))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["V5", "MLII"], ["MLII", "V5"]),
        (["MLII", "V1"], ["MLII", "V1"]),
        (
            ["V6", "V1", "aVF", "aVL", "aVR", "III", "II", "I"],
            ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V6"],
        ),
        (["avf", "v2", "i"], ["i", "avf", "v2"]),
        (["PLETH", "V10", "V2", "II"], ["II", "V2", "PLETH", "V10"]),
        (["II", "MLII"], ["II", "MLII"]),
        ([], []),
    ],
)
def test_canonical_order(given: list[str], expected: list[str]) -> None:
    order = canonical_order(given)
    assert [given[index] for index in order] == expected
    assert sorted(order) == list(range(len(given)))
