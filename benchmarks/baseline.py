"""The baseline filter and the scale of a lead. Apart from the metrics: making a case needs these
and no score."""

import numpy as np

# What is slower is wander: it can't be known where it is hidden, and would decide everything else.
BASELINE_HZ = 0.5
SMALLEST_SCALE_MV = 0.05
# Of a scale in mV: far below any published digit, far above what a processor decides.
SCALE_DECIMALS = 9
PADDING = 9  # samples by which either end is mirrored in a point, three times the filter's length


def baseline_filter(signal: np.ndarray, rate: float) -> np.ndarray:
    """Pass the last axis through a zero-phase Butterworth high-pass of order 2 at 0.5 Hz; the dtype
    is kept.

    The same as `scipy.signal.sosfiltfilt`, but for the state in which either pass begins: scipy has
    LAPACK solve for it, whose last bits depend on the processor. Of a high-pass it is known: a
    constant input leaves nothing.

    >>> float(abs(baseline_filter(np.full(2500, 7.0), 250.0)).max()) < 1e-9
    True
    """
    from scipy.signal import butter, sosfilt

    sections = butter(2, BASELINE_HZ, "highpass", fs=rate, output="sos")
    b0, b2 = sections[0, 0], sections[0, 2]
    # In float32 the poles, so near to 1, would lose four digits.
    given = np.asarray(signal, np.float64)
    before = 2 * given[..., :1] - given[..., PADDING:0:-1]
    after = 2 * given[..., -1:] - given[..., -2 : -PADDING - 2 : -1]
    passed = np.concatenate([before, given, after], axis=-1)
    for _ in range(2):
        first = passed[..., :1]
        settled = np.concatenate([-b0 * first, b2 * first], axis=-1)
        passed = sosfilt(sections, passed, axis=-1, zi=settled[None])[0][..., ::-1]
    return passed[..., PADDING:-PADDING].astype(np.asarray(signal).dtype)


def lead_scale(filtered: np.ndarray) -> np.ndarray:
    """Scale (leads,) in mV of one record from its filtered windows (windows, leads, samples): the
    median over windows of the standard deviation, at least 0.05 mV, rounded to 1e-9 mV."""
    deviation = np.median(np.std(filtered, axis=-1, dtype=np.float64), axis=0)
    return np.round(np.maximum(deviation, SMALLEST_SCALE_MV), SCALE_DECIMALS)
