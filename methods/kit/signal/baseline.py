"""Straight lines and baselines through what is visible of a signal."""

import numpy as np


def bridge(signal: np.ndarray) -> np.ndarray:
    """Signals (..., samples) with hidden samples on the line between their visible neighbours; 0
    where none is.

    Before the first and after the last visible sample their value is held.
    """
    filled = np.array(signal, np.float64)
    every = np.arange(filled.shape[-1])
    for lead in filled.reshape(-1, filled.shape[-1]):
        hidden = np.isnan(lead)
        if hidden.all():
            lead[:] = 0.0
        elif hidden.any():
            lead[hidden] = np.interp(every[hidden], every[~hidden], lead[~hidden])
    return filled


def baseline(signal: np.ndarray, width: int) -> np.ndarray:
    """The median of the visible samples within `width`, taken every half width and joined by lines.

    (..., samples) in mV to the same. The nearest medians serve where what is visible within `width`
    spans less than half of it, because half a beat has another median than a whole one, or is less
    than an eighth of it."""
    samples = signal.shape[-1]
    centres = np.arange(width // 4, samples, max(1, width // 2))
    beside = np.clip(centres[:, None] + np.arange(width) - width // 2, 0, samples - 1)
    cells = signal[..., beside]
    visible = np.isfinite(cells)
    seen = visible.sum(axis=-1)
    spanned = width - np.argmax(visible, axis=-1) - np.argmax(visible[..., ::-1], axis=-1)
    ordered = np.sort(cells, axis=-1)
    middle = np.take_along_axis(ordered, np.maximum(seen - 1, 0)[..., None] // 2, axis=-1)[..., 0]
    middle[(spanned < width / 2) | (seen < width / 8)] = np.nan
    knots = bridge(middle)
    lines = np.empty(signal.shape)
    for line, knot in zip(lines.reshape(-1, samples), knots.reshape(-1, len(centres)), strict=True):
        line[:] = np.interp(np.arange(samples), centres, knot)
    return lines
