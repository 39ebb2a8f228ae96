"""What the classifier sees of a record: windows around its beats, and their rhythm relative to the record's."""

import numpy as np

BEFORE_S, AFTER_S = 0.35, 0.45
AMPLITUDE_FLOOR = 0.05  # mV
NEAR = 10  # preceding beats of the local mean RR interval
AROUND = 20  # beats to either side of the local quantiles
FEATURES = 16


def crop(signal: np.ndarray, beats: np.ndarray, rate: float) -> np.ndarray:
    """Windows (beats, leads, samples) of `signal` (leads, samples), its ends repeated where a window passes them."""
    at = np.arange(-round(BEFORE_S * rate), round(AFTER_S * rate))
    return signal[:, np.clip(beats[:, None] + at, 0, signal.shape[1] - 1)].transpose(1, 0, 2)


def views(signal: np.ndarray, beats: np.ndarray, rate: float) -> np.ndarray:
    """Each beat, and what sets it apart from the record's median beat: (beats, 2 * leads, samples) float32.

    `signal` (leads, samples) is high-passed, in mV; each lead is divided by its median peak over the record's beats.
    """
    cut = crop(signal, beats, rate)
    amplitude = np.maximum(np.median(np.abs(cut).max(-1), axis=0), AMPLITUDE_FLOOR)
    cut = (cut / amplitude[:, None]).clip(-10, 10)
    middle = np.median(cut[:: max(1, len(cut) // 300)], axis=0)
    return np.concatenate([cut, cut - middle], axis=1).astype(np.float32)


def rhythm(beats: np.ndarray, rate: float) -> np.ndarray:
    """Logarithms of ratios of RR intervals (after de Chazal et al. 2004), in units of 20 %: (beats, FEATURES) float32.

    The intervals before and after the beat against the record's median, the local mean, their neighbours and 0.8 s;
    the local mean against the median; and the interval before it against quantiles of the intervals around it and of
    the record: among runs of early beats the median is early itself, the upper quantiles are not.
    """
    if len(beats) < 3:
        return np.zeros((len(beats), FEATURES), np.float32)
    intervals = np.maximum(np.diff(beats) / rate, 0.1)
    median = np.median(intervals)
    before = np.concatenate([[median], intervals])
    after = np.concatenate([intervals, [median]])
    earlier = np.concatenate([[median], before[:-1]])
    sums = np.concatenate([[0], np.cumsum(before)])
    last = np.arange(1, len(beats) + 1)
    first = np.maximum(last - NEAR, 0)
    local = (sums[last] - sums[first]) / (last - first)
    padded = np.pad(before, AROUND, mode="edge")
    around = np.quantile(
        np.lib.stride_tricks.sliding_window_view(padded, 2 * AROUND + 1), (0.25, 0.5, 0.75, 0.9), axis=1
    )
    ratios = [
        before / median,
        after / median,
        before / local,
        after / local,
        before / earlier,
        after / before,
        local / median,
        before / 0.8,
        after / 0.8,
        *(before / around),
        after / around[1],
        *(before / np.quantile(intervals, (0.75, 0.9))[:, None]),
    ]
    return (np.log(np.stack(ratios, 1)) / 0.2).clip(-6, 6).astype(np.float32)
