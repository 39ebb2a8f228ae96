"""Simulated test sets with a known truth, to learn how often a procedure is right."""

import numpy as np

from benchmarks.contract import CLASSES

PATIENTS = 22  # as mitdb's test set has
BEATS = 2000  # of a patient
# Where a beat of N, S, V and F goes if it is missed.
ELSEWHERE = np.array(
    [[0, 0.5, 0.4, 0.1], [0.8, 0, 0.15, 0.05], [0.6, 0.2, 0, 0.2], [0.5, 0.05, 0.45, 0]]
)
SHARED = 0.4  # deviation of a patient's log error from the next one's, the same for every row
OWN = 0.1  # and of a row's from another row's in one patient


def beats(
    rng: np.random.Generator,
    sets: int,
    rows: int = 1,
    patients: int = PATIENTS,
    gain: np.ndarray | None = None,
) -> np.ndarray:
    """Confusions (sets, rows, patients, 5, 5): few patients hold most S, V and F beats, each is
    harder or easier for every row, and each row does better in some patients. `gain` (rows,) or
    (rows, 4), in logits, makes a row better."""
    shape = (sets, patients)
    share = np.stack(
        [rng.beta(0.15, 4, shape), rng.beta(0.4, 4, shape), rng.beta(0.08, 6, shape)], -1
    )
    share *= np.minimum(1, 0.9 / np.maximum(share.sum(-1, keepdims=True), 1e-9))
    true = rng.multinomial(BEATS, np.concatenate([1 - share.sum(-1, keepdims=True), share], -1))
    skill = (
        np.array([3.5, 0.8, 2.2, 0.0])
        + rng.normal(0, 1, (*shape, 4))
        + rng.normal(0, 0.5, (*shape, 1))
    )
    skill = skill[:, None] + rng.normal(0, 0.35, (sets, rows, patients, 4))
    if gain is not None:
        skill += gain.reshape(1, rows, 1, -1)
    found = 1 / (1 + np.exp(-skill))
    confusions = np.zeros((sets, rows, patients, len(CLASSES), len(CLASSES)), np.int32)
    for k in range(4):
        chances = ELSEWHERE[k] * (1 - found[..., [k]])
        chances[..., k] = found[..., k]
        confusions[..., k, :4] = rng.multinomial(
            np.broadcast_to(true[:, None, :, k], found.shape[:-1]), chances
        )
    return confusions


def errors(
    rng: np.random.Generator, sets: int, log_errors: np.ndarray, patients: int = PATIENTS
) -> np.ndarray:
    """Errors (sets, rows, patients) of rows whose mean logarithms are `log_errors` (rows,): some
    patients are noisy for every row, and what a row adds of its own is skewed."""
    rows = len(log_errors)
    shared = rng.normal(0, SHARED, (sets, 1, patients))
    own = OWN * (rng.gamma(2, 1, (sets, rows, patients)) - 2) / 2**0.5
    return np.exp(log_errors[:, None] + shared + own)
