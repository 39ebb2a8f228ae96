"""Intervals over patients. There are none over beats or windows: those of one patient say the same thing many times.

How often an interval holds the truth is measured by the simulation in `tests/unit/test_statistics.py`, with 22 patients
as mitdb's test set has: the t interval of a patient mean 92–98 % where it says 95 %, that of a pooled macro-F1
`APPROXIMATE_COVERAGE`, because few patients hold most beats of the rare classes.
"""

import numpy as np

from benchmarks.beat_metrics import macro_f1

CONFIDENCE = 0.95
APPROXIMATE_COVERAGE = 0.88  # of jackknife_macro_f1's intervals, which are labelled with it


def patient_mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and t interval (mean, low, high) of one value per patient (patients,).

    Patients for whom the metric is undefined (NaN) are left out. One patient has a mean and no interval: NaN.
    """
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    if not known.size:
        return float("nan"), float("nan"), float("nan")
    mean = float(known.mean())
    if known.size == 1:
        return mean, float("nan"), float("nan")
    half = _quantile(known.size) * float(known.std(ddof=1)) / known.size**0.5
    return mean, mean - half, mean + half


def jackknife_macro_f1(confusions: np.ndarray) -> tuple[float, float, float]:
    """Pooled macro-F1 and its approximate interval (value, low, high) from confusions (patients, 5, 5).

    Standard error by leaving out each patient in turn, around the full value (CV3 of MacKinnon, Nielsen & Webb 2023,
    doi:10.1002/jae.2969), times t(patients − 1), cut to [0, 1]. Leaving out the only patient with a class leaves the
    mean of the other classes; a patient without whom no class is left is not left out.
    """
    confusions = np.asarray(confusions)
    value = float(macro_f1(confusions.sum(0)))
    without = macro_f1(confusions.sum(0) - confusions)
    without = without[~np.isnan(without)]
    patients = len(without)
    if patients < 2:
        return value, float("nan"), float("nan")
    error = float(np.sqrt((patients - 1) / patients * np.sum((without - value) ** 2)))
    half = _quantile(patients) * error
    return value, max(value - half, 0.0), min(value + half, 1.0)


def _quantile(patients: int) -> float:
    """The t quantile of a two-sided interval with patients − 1 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(patients - 1, (1 + CONFIDENCE) / 2))
