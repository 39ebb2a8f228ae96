"""Every classical classifier on records whose beats are known."""

from dataclasses import replace

import numpy as np
import pytest

from methods.kit.contract.records import Record
from tests.helpers.beat_records import CLASSIFIERS, N, S, V, fitted, record, unlabelled, write

LEARNED = ["rr-features", "wavelet-forest"]


@pytest.mark.parametrize("name", LEARNED)
def test_premature_wide_beats_are_ventricular(classifiers, name):
    module, call = classifiers[name]
    case = [record(50), record(51)]
    truth = np.concatenate([one.labels for one in case if one.labels is not None])
    found = module.predict([unlabelled(one) for one in case], call).argmax(1)
    for label in (N, S, V):
        assert np.mean(found[truth == label] == label) > 0.9


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_rows_are_probabilities_and_no_class_is_impossible(classifiers, name):
    module, call = classifiers[name]
    case = [unlabelled(record(60)), unlabelled(record(61, beats=40))]
    p = module.predict(case, call)
    assert p.shape == (240, 5)
    assert np.allclose(p.sum(1), 1, atol=1e-6)
    assert p.min() > 0


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_of_a_case_change_nothing(classifiers, name):
    module, call = classifiers[name]
    one = record(70)
    p = module.predict([unlabelled(one)], call)
    assert np.array_equal(p, module.predict([one], call))
    assert np.array_equal(p, module.predict([replace(one, labels=np.full(200, V, np.uint8))], call))


def odd_records() -> dict[str, Record]:
    one = record(80, beats=60)
    three = record(81, leads=3)
    ends = one.beats.copy()
    ends[0], ends[-1] = 0, one.signal.shape[1] - 1
    return {
        "one beat": replace(one, beats=one.beats[:1]),
        "two beats": replace(one, beats=one.beats[:2]),
        "no beats": replace(one, beats=one.beats[:0]),
        "beats at the ends": replace(one, beats=ends),
        "flat": replace(one, signal=np.zeros_like(one.signal)),
        "one lead flat": replace(one, signal=one.signal * np.array([[1], [0]], np.float32)),
        "one lead": replace(one, signal=one.signal[:1], leads=["II"]),
        "three leads": three,
        "same place twice": replace(one, beats=np.repeat(one.beats[:5], 2)),
        "short": replace(one, signal=one.signal[:, :40], beats=np.array([20])),
        "not a number": replace(
            one, signal=np.where(np.arange(one.signal.shape[1]) < 900, np.nan, one.signal)
        ),
    }


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("odd", list(odd_records()))
def test_odd_records_get_finite_probabilities(classifiers, name, odd):
    module, call = classifiers[name]
    one = odd_records()[odd]
    p = module.predict([unlabelled(one), unlabelled(record(82, beats=10))], call)
    assert p.shape == (len(one.beats) + 10, 5)
    assert np.isfinite(p).all()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_same_seed_gives_the_same_model(classifiers, name, tmp_path):
    _, call = classifiers[name]
    write(tmp_path / "data" / "train", [record(n) for n in range(6)])
    _, again = fitted(name, tmp_path)
    for path in call.model.iterdir():
        assert path.read_bytes() == (again.model / path.name).read_bytes()
