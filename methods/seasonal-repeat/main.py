"""The heartbeat as a season: hidden samples repeat the visible ones a whole number of periods
before and after."""

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve
from methods.kit.signal.visible import runs, visible_mean


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV."""
    completed = np.array(case.signal)
    shortest, longest = (round(seconds * case.rate) for seconds in call.params["period_s"])
    for window in completed:
        hidden = np.isnan(window)
        if hidden.any():
            level = visible_mean(window)
            centred = np.where(hidden, 0.0, window - level)
            likeness = autocorrelation(centred, ~hidden, longest, least=round(case.rate))
            estimate = level + repeat(centred, hidden, likeness, shortest, call.params["tolerance"])
            window[hidden] = estimate[hidden]
    return completed


def autocorrelation(
    centred: np.ndarray, visible: np.ndarray, longest: int, least: int
) -> np.ndarray:
    """The autocorrelation (longest + 1,) of what is visible, leads pooled at unit power each, by
    lag in samples.

    `centred` (leads, samples) is 0 where hidden. At each lag the energy of exactly those samples
    that have a visible partner is divided by, so holes bias nothing; a lag with fewer than `least`
    pairs gets -1."""
    power = np.sum(centred**2, axis=-1, keepdims=True) / np.maximum(
        visible.sum(axis=-1, keepdims=True), 1
    )
    scaled = np.divide(centred, np.sqrt(power), out=np.zeros_like(centred), where=power > 0)
    # Zeros enough that no lag wraps around.
    size = 1 << (scaled.shape[-1] + longest - 1).bit_length()
    values, squares, present = (
        np.fft.rfft(part, size) for part in (scaled, scaled**2, visible.astype(float))
    )

    def at_lags(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.fft.irfft((first.conj() * second).sum(axis=0), size)[: longest + 1]

    energy = np.sqrt(np.maximum(at_lags(present, squares) * at_lags(squares, present), 1e-12))
    return np.where(at_lags(present, present) < least - 0.5, -1.0, at_lags(values, values) / energy)


def repeat(
    centred: np.ndarray, hidden: np.ndarray, likeness: np.ndarray, shortest: int, tolerance: float
) -> np.ndarray:
    """`centred` (leads, samples) with its hidden runs filled.

    The period of a run is that of the window; where the run has both sides, it is the one within
    `tolerance` of the window's at which the two sides, repeated into the run, also agree with each
    other, so that beats don't double."""
    filled = centred.copy()
    period = shortest + int(np.argmax(likeness[shortest:]))
    nearby = np.arange(
        max(shortest, round(period * (1 - tolerance))),
        min(len(likeness) - 1, round(period * (1 + tolerance))) + 1,
    )
    for lead, mask in enumerate(hidden):
        for start, stop in runs(mask):
            times = np.arange(start, stop)
            two_sided = start > 0 and stop < len(mask)
            periods = nearby if two_sided else np.array([period])
            before, after = (source(~mask, periods, times, step) for step in (-1, 1))
            both = (before >= 0) & (after >= 0)
            best = (
                np.argmax(likeness[periods] + agreement(centred[lead], before, after, both))
                if two_sided
                else 0
            )
            filled[lead, start:stop] = blend(centred[lead], times, before[best], after[best])
    return filled


def source(visible: np.ndarray, periods: np.ndarray, times: np.ndarray, step: int) -> np.ndarray:
    """The nearest visible sample a whole number of periods before (step -1) or after (+1) each
    time, -1 for none.

    `periods` (periods,) and `times` (times,) in samples; result (periods, times).
    """
    found = np.full((len(periods), len(times)), -1)
    index = times + step * periods[:, None]
    while (searching := (found < 0) & (index >= 0) & (index < len(visible))).any():
        hit = searching & visible[np.clip(index, 0, len(visible) - 1)]
        found[hit] = index[hit]
        index = index + step * periods[:, None]
    return found


def agreement(
    lead: np.ndarray, before: np.ndarray, after: np.ndarray, both: np.ndarray
) -> np.ndarray:
    """Pearson's r (periods,) between the two repeats of a run where both exist; 0 where it has no
    meaning."""
    count = np.maximum(both.sum(axis=1, keepdims=True), 1)
    left, right = (np.where(both, lead[index], 0.0) for index in (before, after))
    left, right = (
        np.where(both, side - side.sum(axis=1, keepdims=True) / count, 0.0)
        for side in (left, right)
    )
    energy = np.sqrt(np.sum(left**2, axis=1) * np.sum(right**2, axis=1))
    return np.divide(
        np.sum(left * right, axis=1), energy, out=np.zeros_like(energy), where=energy > 0
    )


def blend(lead: np.ndarray, times: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The two repeats (times,) weighted by nearness of their sources; one of them, or 0, where
    others are missing."""
    near_before = np.where(before >= 0, 1.0 / (times - before), 0.0)
    near_after = np.where(after >= 0, 1.0 / np.abs(after - times), 0.0)
    total = near_before + near_after
    mixed = near_before * lead[before] + near_after * lead[after]
    return np.divide(mixed, total, out=np.zeros_like(total), where=total > 0)


if __name__ == "__main__":
    serve(predict)
