"""A zero-phase band-pass: what lies outside the band of the ECG is noise."""

import numpy as np
from scipy.signal import butter, sosfiltfilt

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve

SETTLE_PERIODS = 2  # of the lowest frequency that passes


def predict(case: Windows, call: Call) -> np.ndarray:
    """The denoised windows (windows, leads, samples) in mV."""
    band = (call.params["low_hz"], call.params["high_hz"])
    passed = butter(call.params["order"], band, "bandpass", fs=case.rate, output="sos")
    signal = np.asarray(case.signal, np.float64)
    level = signal.mean(axis=-1, keepdims=True)
    # The slow edge of the band needs seconds to settle: the ends are continued for that long,
    # turned by half a turn.
    settle = min(round(SETTLE_PERIODS / band[0] * case.rate), signal.shape[-1] - 1)
    return level + sosfiltfilt(passed, signal - level, axis=-1, padlen=settle)


if __name__ == "__main__":
    serve(predict)
