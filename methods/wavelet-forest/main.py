"""A forest on rhythm, QRS and wavelet features relative to the record's own beats, kept as plain
arrays."""

import numpy as np
from forest import ARRAYS, grow, lesson, table, vote

from methods.kit.contract.call import Call
from methods.kit.contract.records import CLASSES, Record, read_training, serve


def fit(call: Call) -> None:
    records, labels = read_training(call.data / "train")
    lessons = [lesson(record, call.params["stretch"]) for record in records]
    params = {
        name: call.params[name]
        for name in ("trees", "leaf", "features_per_split", "beats_per_tree")
    }
    for name, array in grow(lessons, np.random.default_rng(call.seed), **params).items():
        np.save(call.model / f"{name}.npy", array, allow_pickle=False)
    counts = np.bincount(labels, minlength=len(CLASSES)) + 0.5
    np.save(call.model / "prior.npy", counts / counts.sum(), allow_pickle=False)


def predict(records: list[Record], call: Call) -> np.ndarray:
    """(beats of all records, 5); a little of the class shares is mixed in, so that nothing is
    zero."""
    forest = {name: np.load(call.model / f"{name}.npy", allow_pickle=False) for name in ARRAYS}
    prior = np.load(call.model / "prior.npy", allow_pickle=False)
    rows = [vote(forest, table(record)[0]) for record in records if len(record.beats)]
    p = np.concatenate(rows) if rows else np.empty((0, len(CLASSES)))
    return (p + call.params["smoothing"] * prior) / (1 + call.params["smoothing"])


if __name__ == "__main__":
    serve(predict, fit)
