"""What comes back from a method is checked before it is believed."""

import numpy as np
import pytest

from containers.calls.collect import InvalidOutput, read_prediction, read_probabilities

WANTED = np.zeros((3, 2, 10), bool)
WANTED[:, :, 4:7] = True


def good() -> np.ndarray:
    return np.random.default_rng(0).normal(size=WANTED.shape).astype(np.float32)


def save(folder, array, name="prediction.npy", **options):
    np.save(folder / name, array, **options)
    return folder


def test_only_wanted_samples_are_kept(tmp_path):
    array = good()
    array[~WANTED] = np.nan
    kept = read_prediction(save(tmp_path, array), WANTED)
    assert kept.dtype == np.float16
    np.testing.assert_array_equal(kept, array[WANTED].astype(np.float16))


def nan(array):
    array[1, 0, 5] = np.nan
    return array


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (nan, "not finite at 1 of 18 wanted samples, the first in window 1, lead 0, sample 5"),
        (lambda a: np.where(WANTED, np.inf, a).astype(np.float32), "not finite at 18 of 18"),
        (lambda a: a[:, :1], r"shape \(3, 1, 10\), expected \(3, 2, 10\)"),
        (lambda a: a[:2], "1 items too few"),
        (lambda a: a.astype(np.float64), "dtype float64, expected float32"),
        (lambda a: a.astype(">f4"), "dtype >f4, expected float32"),
        (lambda a: a * 1e6, "beyond 1000 mV"),
        (lambda a: np.array([{"a": 1}], object), "can't be read as a plain .npy array"),
    ],
)
def test_a_wrong_prediction_is_named(tmp_path, spoil, message):
    array = spoil(good())
    save(tmp_path, array, allow_pickle=array.dtype == object)
    with pytest.raises(InvalidOutput, match=message):
        read_prediction(tmp_path, WANTED)


def test_missing_empty_and_garbled_files_are_named(tmp_path):
    with pytest.raises(InvalidOutput, match=r"prediction.npy is missing; the method wrote nothing"):
        read_prediction(tmp_path, WANTED)
    (tmp_path / "prediction.npy").touch()
    with pytest.raises(InvalidOutput, match="is an empty file"):
        read_prediction(tmp_path, WANTED)
    (tmp_path / "prediction.npy").write_bytes(b"\x93NUMPY garbage")
    with pytest.raises(InvalidOutput, match=r"can't be read as a plain .npy array"):
        read_prediction(tmp_path, WANTED)
    with (tmp_path / "prediction.npy").open("wb") as file:
        np.savez(file, good())
    with pytest.raises(InvalidOutput, match="is an archive"):
        read_prediction(tmp_path, WANTED)


def test_a_header_that_promises_more_than_the_file_holds_is_named(tmp_path):
    save(tmp_path, good())
    whole = (tmp_path / "prediction.npy").read_bytes()
    (tmp_path / "prediction.npy").write_bytes(whole[:-40])
    with pytest.raises(InvalidOutput, match=r"can't be read"):
        read_prediction(tmp_path, WANTED)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p * 2, "beat 0 has"),
        (lambda p: p - 0.5, "beat 0 has"),
        (
            lambda p: np.where(np.arange(4)[:, None] == 2, np.nan, p).astype(np.float32),
            "not finite, first at beat 2",
        ),
        (lambda p: p[:3], "1 items too few"),
        (lambda p: p[:, :4], r"expected \(4, 5\)"),
    ],
)
def test_wrong_probabilities_are_named(tmp_path, spoil, message):
    save(tmp_path, spoil(np.full((4, 5), 0.2, np.float32)), "probabilities.npy")
    with pytest.raises(InvalidOutput, match=message):
        read_probabilities(tmp_path, 4, 5)
