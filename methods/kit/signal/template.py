"""The window's own template, its median beat: cut out of what is visible, put where beats are and
where the next ones are due."""

import numpy as np

from methods.kit.signal import rpeaks
from methods.kit.signal.baseline import baseline, bridge
from methods.kit.signal.visible import runs

BASELINE_S = 1.0  # s over which the median of the visible samples is the baseline
BEFORE = 0.35  # of an interval: where a beat begins ahead of its R peak
ALIGN_S = 0.04  # s by which a beat is moved onto the median one at most
QRS_S = 0.06  # s on either side of the R peak that the alignment looks at
RR_S = 0.8  # s, the interval of a window that shows none: 75 beats a minute
TABLE = 1024  # samples of the median beat that are worked out at a time


def median_beats(signal: np.ndarray, rate: float, before: float = BEFORE) -> np.ndarray:
    """Windows (windows, leads, samples) in mV, NaN = hidden, made of nothing but their median beats
    and baseline.

    Float64, NaN where the window has none to give: in windows with fewer than two visible beats,
    and in a lead of which no beat was seen. `before` is the part of an interval by which a beat
    begins ahead of its R peak."""
    signal = np.asarray(signal, np.float64)
    base = baseline(signal, round(BASELINE_S * rate))
    band = rpeaks.qrs_band(signal, rate)
    energy = rpeaks.energy(band, rate)
    made = np.full(signal.shape, np.nan)
    for window, flat in enumerate(signal - base):
        beats = align(rpeaks.peaks(energy[window], rate), band[window], rate)
        if len(beats) < 2:
            continue
        unseen = np.isnan(energy[window])
        interval = median_interval(beats, unseen, rate)
        estimate = repeat(flat, beats, place(beats, unseen, interval), round(before * interval))
        seen = np.isfinite(estimate).any(axis=-1, keepdims=True)
        made[window] = np.where(seen, base[window] + np.nan_to_num(estimate), np.nan)
    return made


def complete(signal: np.ndarray, rate: float, before: float = BEFORE) -> np.ndarray:
    """The windows (windows, leads, samples) in mV with hidden samples taken from their median
    beats, else from the straight line between visible neighbours."""
    made = median_beats(signal, rate, before)
    straight = bridge(signal)
    return np.where(np.isnan(signal) & np.isfinite(made), made, straight)


def align(beats: np.ndarray, band: np.ndarray, rate: float) -> np.ndarray:
    """Move each beat (beats,) to where its QRS, in all leads of `band` (leads, samples), fits the
    median one best."""
    most, half = round(ALIGN_S * rate), round(QRS_S * rate)
    padded = np.pad(np.nan_to_num(band), ((0, 0), (most + half, most + half)))
    if len(beats) < 2:
        return beats
    # of shape (leads, shifts, beats, QRS)
    shifted = padded[
        :, beats[None, :, None] + np.arange(2 * most + 1)[:, None, None] + np.arange(2 * half + 1)
    ]
    median = np.median(shifted[:, most], axis=1)
    fit = np.einsum("lsbq,lq->sb", shifted, median)
    return np.unique(np.clip(beats + np.argmax(fit, axis=0) - most, 0, band.shape[-1] - 1))


def median_interval(beats: np.ndarray, unseen: np.ndarray, rate: float) -> float:
    """The median of the intervals between `beats` that hold no `unseen` sample (samples,), in
    samples.

    Where there is none, the shortest interval, divided by the number of beats that usually fit into
    it."""
    gaps = np.diff(beats)
    hidden = np.diff(np.cumsum(unseen)[beats]) > 0
    if not hidden.all():
        return float(np.median(gaps[~hidden]))
    shortest = gaps.min()
    return float(shortest / max(1, round(shortest / (RR_S * rate))))


def place(beats: np.ndarray, unseen: np.ndarray, interval: float) -> np.ndarray:
    """All beats of the window, seen and due: those of every `unseen` stretch stand evenly between
    the seen ones."""
    every = [beats.astype(float)]
    for start, stop in runs(unseen):
        left, right = beats[beats < start], beats[beats >= stop]
        if len(left) and len(right):
            count = max(1, round((right[0] - left[-1]) / interval))
            due = np.linspace(left[-1], right[0], count + 1)[1:-1]
        elif len(left):
            due = np.arange(left[-1] + interval, len(unseen) + interval, interval)
        else:
            due = np.arange(right[0] - interval, -interval, -interval)
        every.append(due[(due >= start) & (due < stop) | (due >= len(unseen)) | (due < 0)])
    return np.unique(np.round(np.concatenate(every)).astype(int))


def repeat(flat: np.ndarray, beats: np.ndarray, every: np.ndarray, before: int) -> np.ndarray:
    """The median beat of each lead of `flat` (leads, samples) at each of `every`, NaN where it was
    never seen.

    A beat begins `before` samples ahead of its R peak and lasts until the next one begins."""
    times = np.arange(flat.shape[-1])
    longest = int(np.max(np.diff(every), initial=before)) + before
    following = np.append(every, len(times) + longest)[np.searchsorted(every, beats, side="right")]
    median = median_beat(flat, beats, following - before, np.arange(-before, longest))
    owner = np.maximum(np.searchsorted(every - before, times, side="right") - 1, 0)
    offset = times - every[owner] + before
    inside = (offset >= 0) & (offset < median.shape[-1])
    return np.where(inside, median[:, np.clip(offset, 0, median.shape[-1] - 1)], np.nan)


def median_beat(
    flat: np.ndarray, beats: np.ndarray, ends: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """The median over `beats` of each lead of `flat` (leads, samples) at `offsets` from their R
    peaks: (leads, offsets), NaN where none is visible.

    A beat has no sample from its end in `ends` (beats,) on. The table of beats by offsets is made
    piece by piece, of the beats that reach into it: a pause of a minute costs no more than itself.
    """
    median = np.full((len(flat), len(offsets)), np.nan, flat.dtype)
    ends = np.minimum(ends, flat.shape[-1])
    for first in range(0, len(offsets), TABLE):
        piece = offsets[first : first + TABLE]
        reaching = beats + piece[0] < ends
        if not reaching.any():
            continue
        at = beats[reaching, None] + piece
        own = (at >= 0) & (at < ends[reaching, None])
        # (leads, beats, offsets).
        cut = np.where(own, flat[:, np.clip(at, 0, flat.shape[-1] - 1)], np.nan)
        ordered = np.sort(cut, axis=1)
        seen = np.isfinite(ordered).sum(axis=1)
        low = np.maximum(seen - 1, 0) // 2
        high = np.minimum(seen // 2, np.maximum(seen - 1, 0))
        low, high = (np.take_along_axis(ordered, k[:, None], axis=1)[:, 0] for k in (low, high))
        median[:, first : first + TABLE] = 0.5 * (low + high)
    return median
