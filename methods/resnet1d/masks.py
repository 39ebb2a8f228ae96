"""How training windows are hidden or spoilt, and the classical estimate from which the network starts."""

from typing import Any

import numpy as np

TAP_S = 0.16  # reach of the filter across leads, to either side
FALLEN_S = 4.0  # a lead that falls off is seen for this long
SCALE_FLOOR = 0.05  # mV


def draw(scenario: dict[str, Any], rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> np.ndarray:
    """What `scenario` hides in one window: bool of `shape` (leads, samples); noise hides nothing."""
    hidden = np.zeros(shape, bool)
    samples = shape[1]
    length = round((scenario["seconds"] or 0) * rate)
    match scenario["hides"]:
        case "points":
            count = round(scenario["fraction"] * samples)
            for row in hidden:
                row[rng.permutation(samples)[:count]] = True
        case "gap":
            edge = round(rate)
            start = rng.integers(edge, samples - edge - length + 1)
            hidden[:, start : start + length] = True
        case "patches":
            patches = samples // length
            for patch in rng.permutation(patches)[: round(scenario["fraction"] * patches)]:
                hidden[:, patch * length : (patch + 1) * length] = True
        case "block":
            for row in hidden:
                start = rng.integers(samples - length + 1)
                row[start : start + length] = True
        case "lead":
            hidden[scenario["lead"], round(FALLEN_S * rate) :] = True
        case "future":
            hidden[:, samples - length :] = True
        case "noise":
            pass
        case other:
            raise ValueError(f"scenario {scenario['name']!r} hides {other!r}, which this method does not know")
    return hidden


def draw_noise(noise: np.ndarray, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """(leads, samples) of noise: the kinds (kinds, channels, samples) mixed by Dirichlet weights, own offsets."""
    leads, samples = shape
    kinds, channels, length = noise.shape
    mixture = np.zeros(shape, np.float32)
    for kind, weight in enumerate(rng.dirichlet(np.ones(kinds))):
        start = rng.integers(length - samples + 1)
        mixture += weight * noise[kind, np.arange(leads) % channels, start : start + samples]
    return mixture


def interpolate(window: np.ndarray) -> np.ndarray:
    """Straight lines between visible samples, the nearest visible one beyond them; (leads, samples), NaN = hidden.

    A lead without any visible sample becomes zero.
    """
    at = np.arange(window.shape[1])
    filled = np.zeros(window.shape, np.float32)
    for row, lead in zip(filled, window, strict=True):
        visible = ~np.isnan(lead)
        if visible.any():
            row[:] = np.interp(at, at[visible], lead[visible])
    return filled


def regress(window: np.ndarray, rate: float) -> np.ndarray:
    """`interpolate`, but where some other lead is visible, a ridge FIR filter of it (window (leads, samples)).

    For each lead with hidden samples: 160 ms of every other lead to either side, every other sample, fitted in the
    window where the lead and a full set of others are visible. With several other leads, a sample counts as covered
    when all leads that are mostly visible are visible there.
    """
    leads = len(window)
    filled = interpolate(window)
    visible = ~np.isnan(window)
    reach = round(TAP_S * rate)
    for lead in np.flatnonzero(~visible.all(1)):
        others = [k for k in range(leads) if k != lead and visible[k].mean() > 0.5]
        if not others or visible[lead].sum() < reach:
            continue
        covered = visible[others].all(0)
        rows = np.flatnonzero(covered & visible[lead])
        asked = np.flatnonzero(covered & ~visible[lead])
        if len(rows) < reach or not len(asked):
            continue
        centred = filled[others] - filled[others].mean(1, keepdims=True)
        padded = np.pad(centred, ((0, 0), (reach, reach)), mode="edge")
        taps = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)[..., ::2]
        inputs = taps[:, rows].transpose(1, 0, 2).reshape(len(rows), -1)
        mean = window[lead, rows].mean()
        middle = inputs.mean(0)
        inputs = inputs - middle
        gram = inputs.T @ inputs
        gram[np.diag_indices_from(gram)] += 1e-2 * np.trace(gram) / len(gram) + 1e-6
        weights = np.linalg.solve(gram, inputs.T @ (window[lead, rows] - mean))
        filled[lead, asked] = (taps[:, asked].transpose(1, 0, 2).reshape(len(asked), -1) - middle) @ weights + mean
    return filled


def estimate(window: np.ndarray, scenario: dict[str, Any], rate: float) -> np.ndarray:
    """The classical estimate of one window (leads, samples) in mV, NaN = hidden; finite, visible samples untouched."""
    return regress(window, rate) if scenario["hides"] in ("block", "lead") else interpolate(window)
