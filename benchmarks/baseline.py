"""The baseline filter and the scale of a lead. Apart from the metrics: making a case needs these and no score."""

import numpy as np

BASELINE_HZ = 0.5  # what is slower is wander: it can't be known where it is hidden, and would decide everything else
SMALLEST_SCALE_MV = 0.05


def baseline_filter(signal: np.ndarray, rate: float) -> np.ndarray:
    """Pass the last axis through a zero-phase Butterworth high-pass of order 2 at 0.5 Hz; the dtype is kept."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(2, BASELINE_HZ, "highpass", fs=rate, output="sos")
    # In float32 the poles, so near to 1, would lose four digits.
    return sosfiltfilt(sections, np.asarray(signal, np.float64), axis=-1).astype(np.asarray(signal).dtype)


def lead_scale(filtered: np.ndarray) -> np.ndarray:
    """Scale (leads,) in mV of one record from its filtered windows (windows, leads, samples)."""
    return np.maximum(np.median(np.std(filtered, axis=-1, dtype=np.float64), axis=0), SMALLEST_SCALE_MV)
