"""Intervals over patients. There are none over beats or windows: those of one patient say the same
thing many times.

How often an interval holds the truth is measured by the simulation in
`tests/leaderboard/analysis/test_coverage.py`, with 22 patients as DS2 has, and is
printed on the board: `COVERAGE`."""

from typing import NamedTuple

import numpy as np

from benchmarks.metrics.heartbeats import macro_f1

CONFIDENCE = 0.95
APPROXIMATE_COVERAGE = 0.89  # of jackknife_macro_f1's intervals, which are labelled with it
# What the simulation found where 0.95 is claimed, and 0.05 for the last: of paired intervals the
# lower of skill's and macro-F1's, of family-wise errors the largest of Holm's and the rank sets'.
COVERAGE = {"mean": 0.95, "pooled": APPROXIMATE_COVERAGE, "paired": 0.95, "family_wise": 0.04}


class Estimate(NamedTuple):
    """A figure, its standard error over patients, and how many there are: it is judged by
    t(patients − 1)."""

    value: float
    error: float
    patients: int


def estimate(values: np.ndarray, value: float | None = None) -> Estimate:
    """The mean of one value per patient (patients,), or the figure `value` of which they are the
    jackknife pseudo-values, with its standard error.

    Patients for whom the metric is undefined (NaN) are left out. One patient has a mean and no
    error: NaN."""
    defined = np.asarray(values, np.float64)
    defined = defined[~np.isnan(defined)]
    count = defined.size
    if value is None:
        value = float(defined.mean()) if count else float("nan")
    if count < 2:
        return Estimate(value, float("nan"), count)
    return Estimate(
        value, float(np.sqrt(np.sum((defined - value) ** 2) / (count * (count - 1)))), count
    )


def interval(estimated: Estimate, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The two-sided t interval (low, high) of an estimate; NaN where it has no error."""
    from scipy.special import stdtrit

    if estimated.patients < 2:
        return float("nan"), float("nan")
    half = float(stdtrit(estimated.patients - 1, (1 + confidence) / 2)) * estimated.error
    return estimated.value - half, estimated.value + half


def patient_mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and t interval (mean, low, high) of one value per patient (patients,).

    Patients for whom the metric is undefined (NaN) are left out. One patient has a mean and no
    interval: NaN."""
    estimated = estimate(values)
    return estimated.value, *interval(estimated)


def pseudo_values(confusions: np.ndarray) -> tuple[float, np.ndarray]:
    """Pooled macro-F1 and its jackknife pseudo-values (patients,) from confusions (..., patients,
    5, 5), both the mean over what stands before the patients: seeds are averaged before anything
    else.

    A patient's pseudo-value is v + (G − 1)(v − v without the patient) for G patients, so that
    `estimate` gives the standard error CV3 of MacKinnon, Nielsen & Webb 2023
    (doi:10.1002/jae.2969). Leaving out the only patient with a class leaves the mean of the other
    classes; a patient without whom no class is left has none: NaN."""
    confusions = np.asarray(confusions)
    total = confusions.sum(-3)
    value = macro_f1(total)
    without = macro_f1(total[..., None, :, :] - confusions)
    over = tuple(range(without.ndim - 1))
    value, without = np.asarray(value).mean(), without.mean(over)
    count = np.isfinite(without).sum()
    return float(value), value + (count - 1) * (value - without)


def jackknife_macro_f1(confusions: np.ndarray) -> tuple[float, float, float]:
    """Pooled macro-F1 and its approximate interval (value, low, high) from confusions (...,
    patients, 5, 5): the standard error of `pseudo_values` times t(patients − 1), cut to [0, 1]; NaN
    for fewer than two patients."""
    value, pseudo = pseudo_values(confusions)
    low, high = interval(estimate(pseudo, value))
    return value, float(np.maximum(low, 0)), float(np.minimum(high, 1))
