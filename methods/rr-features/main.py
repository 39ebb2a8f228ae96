"""A linear discriminant on intervals and shape of the beats (de Chazal, O'Dwyer & Reilly 2004)."""

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.records import Record, read_training, serve
from methods.kit.signal import discriminant


def fit(call: Call) -> None:
    records, labels = read_training(call.data / "train")
    discriminant.learn(records, labels, call.params["shrinkage"], call.model)


def predict(records: list[Record], call: Call) -> np.ndarray:
    """(beats of all records, 5)."""
    return discriminant.predict(records, call.model)


if __name__ == "__main__":
    serve(predict, fit)
