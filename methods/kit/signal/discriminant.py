"""Beat features and linear discriminant of de Chazal, O'Dwyer & Reilly 2004 (IEEE TBME
51(7):1196-1206)."""

from pathlib import Path

import numpy as np

from methods.kit.contract.records import CLASSES, Record
from methods.kit.signal.beat_features import FLOOR, around, clean, cut, intervals, width

QRS_SAMPLES = np.arange(10) / 60 - 0.05  # s: from -50 to +100 ms at 60 Hz
T_SAMPLES = np.arange(8) / 20 + 0.15  # s: from +150 to +500 ms at 20 Hz
FEWEST = 20  # beats of a class that is worth a discriminant


def rhythm(record: Record) -> np.ndarray:
    """(beats, 4): the interval before, after, the record's average, the average of the ten around.

    As logarithms of seconds: a sum of logarithms can be a ratio, and prematurity is one.
    """
    pre, post = intervals(record.beats, record.rate)
    return np.log(
        np.stack([pre, post, np.full(pre.size, pre.mean()), around(pre, 5)[:, :10].mean(1)], 1)
    )


def lead_features(lead: np.ndarray, record: Record) -> np.ndarray:
    """(samples,) cleaned, in mV -> (beats, 23): durations of QRS and T, place of T, size of P,
    size, 10 + 8 samples.

    The samples are divided by the beat's own size, as in the paper's normalised sets; the size
    itself is kept."""
    qrs = cut(lead, record.beats, record.rate, (-0.14, 0.18))
    p = cut(lead, record.beats, record.rate, (-0.26, -0.08))
    t = cut(lead, record.beats, record.rate, (0.15, 0.5))
    size = np.maximum(np.ptp(qrs, 1), FLOOR)
    offsets = np.round(np.r_[QRS_SAMPLES, T_SAMPLES] * record.rate).astype(int)
    samples = lead[np.clip(record.beats[:, None] + offsets, 0, lead.size - 1)] / size[:, None]
    return np.column_stack(
        [
            width(qrs, record.rate),
            width(t, record.rate),
            np.abs(t).argmax(1) / record.rate,
            np.ptp(p, 1) / size,
            np.log(size),
            samples,
        ]
    )


def features(record: Record) -> list[np.ndarray]:
    """One (beats, 27) array per lead; the first two leads, or the only one twice."""
    chosen = np.asarray(record.signal)[[0, min(1, len(record.signal) - 1)]]
    intervals_of = rhythm(record)
    return [
        np.column_stack([intervals_of, lead_features(lead, record)])
        for lead in clean(chosen, record.rate)
    ]


def fit_discriminant(
    measured: list[np.ndarray], labels: np.ndarray, shrinkage: float
) -> dict[str, np.ndarray]:
    """Linear discriminants, one per lead: (beats, features) per lead and (beats,) labels -> arrays
    of the model.

    A class weighs in the common covariance as the square root of its beats (against the flood of
    normal beats, as the paper weights its classes); the class shares come back at prediction. A
    class of fewer than 20 beats has too few for a covariance of its own and is left out."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    counts = np.bincount(labels, minlength=len(CLASSES))
    present = np.flatnonzero(counts >= min(FEWEST, counts.max()))
    kept = np.isin(labels, present)
    weight = np.sqrt(counts[present])
    model = {"classes": present, "prior": (counts + 0.5) / (counts + 0.5).sum()}
    for number, values in enumerate(measured):
        centre, spread = values[kept].mean(0), values[kept].std(0)
        spread = np.where(spread > 1e-6, spread, 1.0)
        scaled = (values[kept] - centre) / spread
        weights, offsets = np.zeros((present.size, scaled.shape[1])), np.zeros(present.size)
        if present.size > 1:
            linear = LinearDiscriminantAnalysis(
                solver="lsqr", shrinkage=shrinkage, priors=weight / weight.sum()
            )
            linear.fit(scaled, labels[kept])
            # sklearn folds two classes into one row and adds the priors: the discriminants are made
            # from its means.
            weights = np.linalg.lstsq(linear.covariance_, linear.means_.T, rcond=None)[0].T
            offsets = -0.5 * np.sum(weights * linear.means_, 1)
        model |= {
            f"{number}-centre": centre,
            f"{number}-spread": spread,
            f"{number}-weights": weights,
            f"{number}-offsets": offsets,
        }
    return model


def posterior(model: dict[str, np.ndarray], measured: list[np.ndarray]) -> np.ndarray:
    """(beats, 5): the leads' evidence averaged in the logarithm (the paper's product, without
    counting twice what both leads share), times the class shares."""
    scores = np.full((len(measured[0]), len(CLASSES)), -np.inf)
    evidence = [
        (values - model[f"{n}-centre"]) / model[f"{n}-spread"] @ model[f"{n}-weights"].T
        + model[f"{n}-offsets"]
        for n, values in enumerate(measured)
    ]
    scores[:, model["classes"]] = np.mean(evidence, 0) + np.log(model["prior"][model["classes"]])
    p = np.exp(scores - scores.max(1, keepdims=True))
    # A class that is never seen stays possible.
    p = p / p.sum(1, keepdims=True) + 1e-6 * model["prior"]
    return p / p.sum(1, keepdims=True)


def predict(records: list[Record], folder: Path) -> np.ndarray:
    """(beats of all records, 5) by the model in `folder`."""
    model = load(folder)
    rows = [posterior(model, features(record)) for record in records if len(record.beats)]
    return np.concatenate(rows) if rows else np.empty((0, len(CLASSES)))


def learn(records: list[Record], labels: np.ndarray, shrinkage: float, folder: Path) -> None:
    """Write into `folder` the model of records whose beats have `labels` (beats,)."""
    measured = [np.concatenate(lead) for lead in zip(*map(features, records), strict=True)]
    save(fit_discriminant(measured, labels, shrinkage), folder)


def save(model: dict[str, np.ndarray], folder: Path) -> None:
    """Write each array of a model as `NAME.npy`."""
    for name, values in model.items():
        np.save(folder / f"{name}.npy", values, allow_pickle=False)


def load(folder: Path) -> dict[str, np.ndarray]:
    """The model that `save` wrote."""
    return {path.stem: np.load(path, allow_pickle=False) for path in sorted(folder.glob("*.npy"))}
