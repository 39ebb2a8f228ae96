"""Autoregressive models of signals with holes: Burg's estimate, and prediction into a hole from
either side."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import lfilter


def burg(
    signals: np.ndarray, visible: np.ndarray, orders: Sequence[int], ridge: float
) -> dict[int, np.ndarray]:
    """Prediction-error filters (1, a_1, ..., a_p) of each signal, for every order asked, from one
    recursion.

    Burg's (1975) lattice recursion over all visible stretches at once: the reflection coefficient
    of order m, -2 sum(f b) / sum(f² + b²), is taken over the samples whose m predecessors are all
    visible, so that nothing is assumed about what is hidden. The ridge, a share of the signal's
    energy in the denominator, draws coefficients to 0 where few such samples are left; |reflection|
    < 1 makes every model stable, so no prediction can run away.

    `signals` (signals, samples) with mean 0 and 0 where hidden; `visible` alike; result: order ->
    (signals, order + 1)."""
    filters = np.zeros((len(signals), max(orders) + 1))
    filters[:, 0] = 1.0
    forward = backward = signals
    usable = visible
    damping = ridge * np.einsum("ij,ij->i", signals, signals)
    found = {}
    for order in range(1, max(orders) + 1):
        usable = usable[:, 1:] & usable[:, :-1]
        forward, backward = forward[:, 1:] * usable, backward[:, :-1] * usable
        energy = (
            np.einsum("ij,ij->i", forward, forward)
            + np.einsum("ij,ij->i", backward, backward)
            + damping
        )
        cross = np.einsum("ij,ij->i", forward, backward)
        reflection = np.divide(-2 * cross, energy, out=np.zeros_like(energy), where=energy > 0)[
            :, None
        ]
        forward, backward = forward + reflection * backward, backward + reflection * forward
        filters[:, 1 : order + 1] += reflection * filters[:, order - 1 :: -1][:, :order]
        if order in orders:
            found[order] = filters[:, : order + 1].copy()
    return found


def extend(past: np.ndarray, model: np.ndarray, length: int) -> np.ndarray:
    """The next `length` samples after `past` (samples,), as the model (order + 1,) expects them: no
    innovation."""
    order = len(model) - 1
    # Newest first; before the start of the window the signal is at its mean.
    recent = np.zeros(order)
    newest = past[::-1][:order]
    recent[: len(newest)] = newest
    padded = np.concatenate([model[1:], np.zeros(order - 1)])
    # The filter's memory after having put out `past`.
    state = -np.correlate(padded, recent, "valid")
    return lfilter([1.0], model, np.zeros(length), zi=state)[0]
