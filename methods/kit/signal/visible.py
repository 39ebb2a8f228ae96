"""What classical completion methods share: level and size of a lead, its hidden runs, and the walk
over leads."""

from collections.abc import Callable

import numpy as np

from methods.kit.contract.windows import Windows


def visible_mean(signal: np.ndarray) -> np.ndarray:
    """The mean of the visible samples of each lead: (..., samples) in mV to (..., 1); 0 where
    nothing is visible."""
    visible = np.isfinite(signal)
    total = np.sum(signal, axis=-1, keepdims=True, dtype=np.float64, where=visible)
    return total / np.maximum(visible.sum(axis=-1, keepdims=True), 1)


def visible_deviation(signal: np.ndarray) -> np.ndarray:
    """The standard deviation of the visible samples of each lead: (..., samples) in mV to (...,
    1)."""
    visible = np.isfinite(signal)
    squares = np.square(signal - visible_mean(signal), dtype=np.float64)
    total = np.sum(squares, axis=-1, keepdims=True, where=visible)
    return np.sqrt(total / np.maximum(visible.sum(axis=-1, keepdims=True), 1))


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """The stretches (start, stop) in which a mask (samples,) is True, in order of time."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def complete_leads(case: Windows, fill: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV, each lead completed from itself alone.

    `fill` maps one lead, float64 (samples,) with NaN where hidden, to its estimate (samples,); it
    is asked only where something is visible and something is hidden. A lead with nothing visible
    becomes 0 mV."""
    completed = np.array(case.signal)
    for lead in completed.reshape(-1, completed.shape[-1]):
        hidden = np.isnan(lead)
        if hidden.all():
            lead[:] = 0.0
        elif hidden.any():
            lead[hidden] = fill(lead.astype(np.float64))[hidden]
    return completed
