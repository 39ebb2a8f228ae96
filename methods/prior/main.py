"""The shares of the classes in the training set, for every beat: what is known before looking."""

import json

import numpy as np

from methods.kit.contract.call import Call, read_json
from methods.kit.contract.records import CLASSES, Record, read_records, serve


def fit(call: Call) -> None:
    labels = np.concatenate(
        [record.labels for record in read_records(call.data / "train") if record.labels is not None]
    )
    # Half a beat each: no class is impossible.
    counts = np.bincount(labels, minlength=len(CLASSES)) + 0.5
    (call.model / "shares.json").write_text(json.dumps((counts / counts.sum()).tolist()))


def predict(records: list[Record], call: Call) -> np.ndarray:
    """(beats of all records, 5), the same row for each beat."""
    return np.tile(
        read_json(call.model / "shares.json"), (sum(len(record.beats) for record in records), 1)
    )


if __name__ == "__main__":
    serve(predict, fit)
