"""The classical classifiers on hand-made records whose beats are known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from methods.kit.contract.call import Call
from methods.kit.contract.records import CLASSES, Record
from tests.helpers.load_method import load

METHODS = Path(__file__).parents[2] / "methods"
LEARNED = ["rr-features", "wavelet-forest"]
ALL = ["prior", "shuffled-labels", *LEARNED]
N, S, V = (CLASSES.index(name) for name in "NSV")
RATE = 250.0


def bump(time: np.ndarray, centre: float, width: float, height: float) -> np.ndarray:
    return height * np.exp(-0.5 * ((time - centre) / width) ** 2)


def record(seed: int, beats: int = 200, leads: int = 2) -> Record:
    """Sinus rhythm with premature narrow beats (S, no P) and premature wide ones (V, no P, inverted
    T)."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([N, S, V], beats, p=[0.8, 0.1, 0.1]).astype(np.uint8)
    base = rng.uniform(0.75, 0.95)
    rr = base * (1 + 0.02 * rng.standard_normal(beats))
    rr[labels == S] *= 0.68
    rr[labels == V] *= 0.62
    rr[1:][labels[:-1] == V] *= 1.35
    marks = np.round((1.0 + np.cumsum(rr)) * RATE).astype(np.int64)
    time = np.arange(marks[-1] + round(RATE)) / RATE
    signal = np.zeros((leads, time.size))
    size = rng.uniform(0.7, 1.3, leads)
    for mark, label in zip(marks, labels, strict=True):
        around = slice(max(0, mark - 150), mark + 150)
        at = time[around] - mark / RATE
        if label == V:
            wave = bump(at, 0, 0.04, 1.6) + bump(at, 0.3, 0.05, -0.4)
        else:
            wave = (
                bump(at, 0, 0.012, 1.0)
                + bump(at, 0.28, 0.04, 0.25)
                + (label == N) * bump(at, -0.16, 0.02, 0.15)
            )
        signal[:, around] += size[:, None] * wave
    signal += 0.01 * rng.standard_normal(signal.shape)
    return Record(
        signal.astype(np.float32), [f"L{n}" for n in range(leads)], RATE, marks, labels, seed
    )


def write(folder: Path, records: list[Record]) -> None:
    folder.mkdir(parents=True)
    for number, one in enumerate(records):
        np.save(folder / f"signal_{number:03d}.npy", one.signal)
        np.save(folder / f"beats_{number:03d}.npy", one.beats)
        assert one.labels is not None
        np.save(folder / f"labels_{number:03d}.npy", one.labels)
    about = [{"leads": one.leads, "patient": one.patient} for one in records]
    (folder / "records.json").write_text(json.dumps({"rate": RATE, "records": about}))


def fitted(name: str, root: Path, seed: int = 3):
    """The method's module and a call whose model is fitted on six records."""
    if not (root / "data").exists():
        write(root / "data" / "train", [record(n) for n in range(6)])
    model = root / name / str(seed)
    (model / "model").mkdir(parents=True)
    (model / "data").symlink_to(root / "data")
    params = json.loads((METHODS / name / "params.json").read_text())[name]
    if name == "wavelet-forest":
        params = {**params, "trees": 20}
    call = Call("fit", "classification", params, seed, {}, model)
    module = load(name)
    module.fit(call)
    return module, call


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("classifiers")


@pytest.fixture(scope="module")
def methods(root):
    return {name: fitted(name, root) for name in ALL}


def unlabelled(one: Record) -> Record:
    return replace(one, labels=None, patient=None)


@pytest.mark.parametrize("name", LEARNED)
def test_premature_wide_beats_are_ventricular(methods, name):
    module, call = methods[name]
    case = [record(50), record(51)]
    truth = np.concatenate([one.labels for one in case if one.labels is not None])
    found = module.predict([unlabelled(one) for one in case], call).argmax(1)
    for label in (N, S, V):
        assert np.mean(found[truth == label] == label) > 0.9


@pytest.mark.parametrize("name", ALL)
def test_rows_are_probabilities_and_no_class_is_impossible(methods, name):
    module, call = methods[name]
    case = [unlabelled(record(60)), unlabelled(record(61, beats=40))]
    p = module.predict(case, call)
    assert p.shape == (240, 5)
    assert np.allclose(p.sum(1), 1, atol=1e-6)
    assert p.min() > 0


@pytest.mark.parametrize("name", ALL)
def test_labels_of_a_case_change_nothing(methods, name):
    module, call = methods[name]
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


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("odd", list(odd_records()))
def test_odd_records_get_finite_probabilities(methods, name, odd):
    module, call = methods[name]
    one = odd_records()[odd]
    p = module.predict([unlabelled(one), unlabelled(record(82, beats=10))], call)
    assert p.shape == (len(one.beats) + 10, 5)
    assert np.isfinite(p).all()


def test_a_stretch_changes_what_the_rhythm_is_relative_to_and_no_shape():
    from methods.kit.signal.beat_features import features

    one = record(83, beats=120)
    whole, both = features(one), features(one, (None, 40))
    assert list(whole) == list(both)
    for name, values in whole.items():
        assert np.array_equal(both[name][:120], values)
        if ":" in name or name == "pre":
            assert np.array_equal(both[name][120:], values)
    pre = whole["pre"]
    for piece in (slice(0, 40), slice(40, 80), slice(80, 120)):
        relative = both["pre/record"][120:][piece]
        assert np.allclose(relative, np.log(pre[piece] / np.median(pre[piece])), atol=1e-5)


def test_stored_forest_is_sklearns():
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    trees = load("wavelet-forest", "forest")
    rng = np.random.default_rng(0)
    measured = rng.standard_normal((600, 7)).astype(np.float32)
    labels = np.array([0, 1, 3])[
        (measured[:, 0] + measured[:, 1] ** 2 > 1).astype(int) + (measured[:, 2] > 1)
    ]
    for kind in (ExtraTreesClassifier, RandomForestClassifier):
        forest = kind(15, min_samples_leaf=2, random_state=0).fit(measured, labels)
        stored = trees.vote(trees.flatten(forest), measured)
        assert np.allclose(stored[:, [0, 1, 3]], forest.predict_proba(measured), atol=1e-12)
        assert np.all(stored[:, [2, 4]] == 0)


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_model(methods, root, name, tmp_path):
    _, call = methods[name]
    write(tmp_path / "data" / "train", [record(n) for n in range(6)])
    _, again = fitted(name, tmp_path)
    for path in call.model.iterdir():
        assert path.read_bytes() == (again.model / path.name).read_bytes()


def test_shuffled_labels_know_nothing(methods):
    from sklearn.metrics import roc_auc_score

    module, call = methods["shuffled-labels"]
    case = [record(n) for n in range(90, 95)]
    truth = np.concatenate([one.labels for one in case if one.labels is not None])
    p = module.predict([unlabelled(one) for one in case], call)
    assert np.all(p.argmax(1) == N)
    module, call = methods["rr-features"]
    known = module.predict([unlabelled(one) for one in case], call)
    assert roc_auc_score(truth == V, known[:, V]) > 0.99


def test_shuffled_labels_follow_the_seed(root, methods):
    module, call = methods["shuffled-labels"]
    _, other = fitted("shuffled-labels", root, seed=4)
    case = [unlabelled(record(99))]
    assert not np.array_equal(module.predict(case, call), module.predict(case, other))
