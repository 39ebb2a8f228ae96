"""A hidden lead from the leads that are still visible: a ridge-regularised FIR filter, fitted in
the window itself."""

import numpy as np

from methods.kit.signal.baseline import baseline, bridge

REACH_S, STEP_S = 0.16, 0.008  # s to either side that the filter sees, and between its taps
RIDGE = 0.03  # of the mean power of the predictors
BASELINE_S = 1.0  # s over which the median of the visible samples is the baseline


def complete(
    signal: np.ndarray,
    rate: float,
    reach_s: float = REACH_S,
    step_s: float = STEP_S,
    ridge: float = RIDGE,
    baseline_s: float = BASELINE_S,
) -> np.ndarray:
    """Windows (windows, leads, samples) in mV, NaN = hidden, completed by the other leads; where
    none is visible, by the straight line between visible neighbours."""
    reach, step = (max(1, round(seconds * rate)) for seconds in (reach_s, step_s))
    lags = np.arange(-(reach // step), reach // step + 1) * step
    signal = np.array(signal, np.float64)
    base = baseline(signal, round(baseline_s * rate))
    completed = signal - base
    for window in completed:
        window[:] = bridge(regress(window, lags, ridge))
    return np.where(np.isnan(signal), base + completed, signal)


def regress(window: np.ndarray, lags: np.ndarray, ridge: float) -> np.ndarray:
    """A window (leads, samples) in mV, hidden samples estimated where another lead is visible, NaN
    elsewhere.

    The visible leads may change while a lead is hidden: each set of them has a regression of its
    own."""
    visible = np.isfinite(window)
    lagged = lag(np.nan_to_num(window), lags)
    # A lead is a predictor of a sample where all of its lags are visible: a filter must not read
    # what is not there.
    whole = lag(visible.astype(float), lags).min(axis=1) > 0.5
    estimate = np.array(window)
    for lead, seen in enumerate(visible):
        sets = visible[:, ~seen]
        for chosen in np.unique(sets[:, sets.any(axis=0)], axis=1).T:
            asked = ~seen & (visible == chosen[:, None]).all(axis=0)
            fitted = seen & whole[chosen].all(axis=0)
            predictors = lagged[chosen].reshape(-1, window.shape[1])
            if fitted.sum() > len(lags):
                estimate[lead, asked] = (
                    fit(predictors[:, fitted], window[lead, fitted], ridge) @ predictors[:, asked]
                )
    return estimate


def lag(signal: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Signals (leads, samples) to (leads, lags, samples), the first and last sample held beyond the
    ends."""
    times = np.arange(signal.shape[1]) + lags[:, None]
    return signal[:, np.clip(times, 0, signal.shape[1] - 1)]


def fit(predictors: np.ndarray, target: np.ndarray, ridge: float) -> np.ndarray:
    """Coefficients (predictors,) of the ridge regression of `target` (samples,) on (predictors,
    samples).

    The penalty is `ridge` times the mean power of the predictors: it means the same at every
    amplitude."""
    gram = predictors @ predictors.T
    penalty = ridge * np.trace(gram) / len(gram) + np.finfo(float).tiny ** 0.5
    return np.linalg.solve(gram + penalty * np.eye(len(gram)), predictors @ target)
