"""Wavelet shrinkage: small wavelet coefficients are noise, large ones are shrunk by as much as
noise can be."""

import numpy as np
import pywt

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve

NORMAL_MAD = 0.6744897501960817  # the median of |x| of a standard normal x


def predict(case: Windows, call: Call) -> np.ndarray:
    """The denoised windows (windows, leads, samples) in mV."""
    return denoise(np.asarray(case.signal, np.float64), **call.params)


def denoise(signal: np.ndarray, wavelet: str, level: int) -> np.ndarray:
    """Shrink the details of signals (..., samples) by the universal threshold (Donoho & Johnstone
    1994, section 2.3).

    The noise's deviation is the median of the finest |details| / 0.6745, for all levels alike.
    """
    coarse, *details = pywt.wavedec(signal, wavelet, mode="symmetric", level=level, axis=-1)
    deviation = np.median(np.abs(details[-1]), axis=-1, keepdims=True) / NORMAL_MAD
    threshold = deviation * np.sqrt(2 * np.log(signal.shape[-1]))
    shrunk = [shrink(detail, threshold) for detail in details]
    return pywt.waverec([coarse, *shrunk], wavelet, mode="symmetric", axis=-1)[
        ..., : signal.shape[-1]
    ]


def shrink(detail: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """The soft threshold: towards 0 by `threshold`, and no further."""
    return np.sign(detail) * np.maximum(np.abs(detail) - threshold, 0.0)


if __name__ == "__main__":
    serve(predict)
