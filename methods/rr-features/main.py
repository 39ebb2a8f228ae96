"""A linear discriminant on intervals and shape of the beats (de Chazal, O'Dwyer & Reilly 2004)."""

import numpy as np

from methods.kit.exchange import CLASSES, Call, Record, read_records, serve
from methods.kit.signal.discriminant import features, fit_discriminant, load, posterior, save


def fit(call: Call) -> None:
    records = [
        record
        for record in read_records(call.data / "train")
        if record.labels is not None and len(record.beats)
    ]
    labels = np.concatenate([record.labels for record in records if record.labels is not None])
    measured = [np.concatenate(lead) for lead in zip(*map(features, records), strict=True)]
    save(fit_discriminant(measured, labels, call.params["shrinkage"]), call.model)


def predict(records: list[Record], call: Call) -> np.ndarray:
    """(beats of all records, 5)."""
    model = load(call.model)
    rows = [posterior(model, features(record)) for record in records if len(record.beats)]
    return np.concatenate(rows) if rows else np.empty((0, len(CLASSES)))


if __name__ == "__main__":
    serve(predict, fit)
