"""The discriminant of `rr-features`, trained on labels dealt out anew: it must know nothing."""

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.records import Record, read_training, serve
from methods.kit.signal import discriminant


def fit(call: Call) -> None:
    records, labels = read_training(call.data / "train")
    labels = np.random.default_rng(call.seed).permutation(labels)
    discriminant.learn(records, labels, call.params["shrinkage"], call.model)


def predict(records: list[Record], call: Call) -> np.ndarray:
    """(beats of all records, 5)."""
    return discriminant.predict(records, call.model)


if __name__ == "__main__":
    serve(predict, fit)
