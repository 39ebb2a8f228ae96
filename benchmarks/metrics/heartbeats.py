"""The metrics of classification: everything that is a count comes from confusion matrices, which
add over patients.

Classes are those of the contract, N S V F Q in this order. Probabilities are (beats, 5), labels
(beats,) indices, a confusion matrix (..., 5, 5) has the truth in its rows. Macro averages are over
N, S, V and F: Q is reported only."""

import numpy as np

from benchmarks.cases.truth import BeatTruth
from benchmarks.contract import CLASSES

AVERAGED = 4  # N, S, V, F
TAUS = np.arange(11) / 10
CALIBRATION_BINS = 15
SMALLEST_PROBABILITY = 1e-12
# EC57 neither rewards nor punishes what it can't ask of a detector: these true classes don't count
# against +P.
NOT_COUNTED = {"S": ("Q",), "V": ("F", "Q")}


def decide(probabilities: np.ndarray, prior: np.ndarray, tau: float) -> np.ndarray:
    """The harness's decision rule (beats,): argmax(log p − τ · log prior), `prior` (5,) being the
    training set's.

    A class that no training beat had is corrected like the rarest that one had: no τ may make it
    certain."""
    p = np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST_PROBABILITY))
    share = np.asarray(prior, np.float64)
    return np.argmax(p - tau * np.log(np.maximum(share, share[share > 0].min())), axis=1)


def choose_tau(probabilities: np.ndarray, labels: np.ndarray, prior: np.ndarray) -> float:
    """The τ among 0, 0.1, …, 1 with the best macro-F1 on these (validation) beats; the smallest of
    equals."""
    scores = [macro_f1(confusion(labels, decide(probabilities, prior, tau))) for tau in TAUS]
    return float(TAUS[int(np.argmax(scores))])


def decisions(probabilities: np.ndarray, truth: BeatTruth) -> tuple[np.ndarray, float]:
    """The harness's decisions for all beats (beats,), and the τ that it chose on the validation
    patients."""
    validation = truth.split == "validation"
    tau = choose_tau(probabilities[validation], truth.labels[validation], truth.prior)
    return decide(probabilities, truth.prior, tau), tau


def confusion(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Beats by true class (rows) and decided class (columns), int64 (5, 5)."""
    size = len(CLASSES)
    index = np.asarray(labels, np.int64) * size + np.asarray(predicted, np.int64)
    return np.bincount(index, minlength=size * size).reshape(size, size)


def f1_by_class(confusion: np.ndarray) -> np.ndarray:
    """F1 of each class (..., 5): 2 TP / (2 TP + FP + FN); NaN where the truth has no beat of the
    class."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true, decided = confusion.sum(-1), confusion.sum(-2)
    return np.where(true > 0, 2 * hits / np.maximum(true + decided, 1), np.nan)


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """Mean F1 (...) over those of N, S, V and F that the truth has; NaN if it has none of them."""
    scores = f1_by_class(confusion)[..., :AVERAGED]
    return _ratio(np.nansum(scores, -1), np.isfinite(scores).sum(-1))


def sensitivity(confusion: np.ndarray) -> np.ndarray:
    """Share of each class's beats that were found (..., 5); NaN where there are none."""
    return _ratio(np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(-1))


def positive_predictivity(confusion: np.ndarray) -> np.ndarray:
    """+P (..., 5): share of the beats called a class that are of it; NaN where none was called so.

    By EC57 (ANSI/AAMI EC57:1998, as in de Chazal 2004, doi:10.1109/TBME.2004.827359) Q called S,
    and F or Q called V, don't count."""
    called = confusion.sum(-2)
    for name, ignored in NOT_COUNTED.items():
        column = CLASSES.index(name)
        called[..., column] -= sum(confusion[..., CLASSES.index(true), column] for true in ignored)
    return _ratio(np.diagonal(confusion, axis1=-2, axis2=-1), called)


def cohen_kappa(confusion: np.ndarray) -> float:
    """Agreement beyond chance over all five classes; NaN if chance alone agrees."""
    total = confusion.sum()
    chance = float((confusion.sum(0) / total) @ (confusion.sum(1) / total))
    return (accuracy(confusion) - chance) / (1 - chance) if chance < 1 else float("nan")


def accuracy(confusion: np.ndarray) -> float:
    """Share of beats called what they are."""
    return float(np.trace(confusion) / confusion.sum())


def binary_f1(confusion: np.ndarray) -> float:
    """F1 of abnormal (S, V, F, Q) against normal (N); NaN where the truth has nothing abnormal."""
    hits, true, decided = confusion[1:, 1:].sum(), confusion[1:].sum(), confusion[:, 1:].sum()
    return float(2 * hits / (true + decided)) if true else float("nan")


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error of the likeliest class in 15 equal bins (Guo 2017,
    arXiv:1706.04599, equation 3)."""
    confidence = np.asarray(probabilities, np.float64).max(1)
    gain = (np.argmax(probabilities, 1) == labels) - confidence
    place = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
    return float(np.abs(np.bincount(place, gain, CALIBRATION_BINS)).sum() / len(labels))


def average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """Σ (recall step) · precision over the distinct scores, from high to low; NaN where nothing is
    positive."""
    true, called = _cumulative(scores, positive)
    if not true[-1]:
        return float("nan")
    return float(np.sum(np.diff(true, prepend=0) * true / called) / true[-1])


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the receiver's curve, equal scores counting half; NaN where one of the two kinds
    is missing."""
    true, called = _cumulative(scores, positive)
    false = called - true
    if not true[-1] or not false[-1]:
        return float("nan")
    heights = (true + np.concatenate([[0], true[:-1]])) / 2
    return float(np.sum(np.diff(false, prepend=0) * heights) / (true[-1] * false[-1]))


def beat_metrics(
    probabilities: np.ndarray, decided: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Every metric of a cell over its pooled beats; classes that the truth or the decisions lack
    give NaN.

    `decided` (beats,) comes from `decide`; what ranks by probability (average precision, AUROC),
    calibration and `macro_f1_argmax` don't depend on it."""
    counts = confusion(labels, decided)
    present = [k for k in range(AVERAGED) if np.any(labels == k)]
    metrics = {
        "macro_f1": float(macro_f1(counts)),
        "macro_f1_argmax": float(macro_f1(confusion(labels, np.argmax(probabilities, axis=1)))),
        "macro_average_precision": _mean(
            [average_precision(probabilities[:, k], labels == k) for k in present]
        ),
        "macro_auroc": _mean([auroc(probabilities[:, k], labels == k) for k in present]),
        "accuracy": accuracy(counts),
        "kappa": cohen_kappa(counts),
        "calibration_error": calibration_error(probabilities, labels),
        "binary_f1": binary_f1(counts),
    }
    columns = {
        "f1": f1_by_class(counts),
        "sensitivity": sensitivity(counts),
        "positive_predictivity": positive_predictivity(counts),
    }
    return metrics | {
        f"{name}_{c}": float(values[k])
        for name, values in columns.items()
        for k, c in enumerate(CLASSES)
    }


def _cumulative(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positives, and beats, at or above each distinct score, from the highest down."""
    order = np.argsort(scores, kind="stable")[::-1]
    ends = np.append(np.flatnonzero(np.diff(np.asarray(scores)[order])), len(order) - 1)
    return np.cumsum(np.asarray(positive, np.int64)[order])[ends], ends + 1


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _ratio(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    count = np.asarray(count)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
