"""Records whose beats and classes are known, and classifiers fitted on such."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.records import CLASSES, Record
from tests.helpers.load_method import load

CLASSIFIERS = ("prior", "shuffled-labels", "rr-features", "wavelet-forest")
METHODS = Path(__file__).parents[2] / "methods"


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


def unlabelled(one: Record) -> Record:
    return replace(one, labels=None, patient=None)
