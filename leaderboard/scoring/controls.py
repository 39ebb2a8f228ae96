"""The controls that need the truth: no method may ask for it, so their predictions are made
here."""

import numpy as np

from benchmarks.errors import UserError
from benchmarks.settings import RATE

LATE_SAMPLES = round(0.1 * RATE)
BLUR_SAMPLES = 0.048 * RATE  # standard deviation


def distort(name: str, signal: np.ndarray) -> np.ndarray:
    """The prediction of control `name` from the truth (windows, leads, samples) in mV; raises
    UserError where there is no such control."""
    if name == "late-100ms":
        return np.concatenate(
            [np.repeat(signal[..., :1], LATE_SAMPLES, -1), signal[..., :-LATE_SAMPLES]], axis=-1
        )
    if name == "blurred":
        from scipy.ndimage import gaussian_filter1d

        return gaussian_filter1d(signal, BLUR_SAMPLES, axis=-1)
    if name == "oracle":
        return signal
    raise UserError(
        f"params.yaml: controls.from_truth names {name!r}; known: oracle, late-100ms, blurred"
    )
