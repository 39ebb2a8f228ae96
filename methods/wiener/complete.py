"""Completion: the conditional mean of hidden samples given visible ones, all of them jointly normal and stationary."""

import numpy as np

from methods.kit.baseline import baseline
from methods.kit.gaps import runs

FLOOR_MV = 0.02  # the least deviation that a lead is divided by


def scale_down(signal: np.ndarray, rate: float, baseline_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows (windows, leads, samples) in mV less their baseline and divided by what is visible's deviation.

    Returns the scaled windows, the baselines in mV (the same shape) and the deviations in mV (windows, leads, 1).
    """
    base = baseline(signal, round(baseline_s * rate))
    level = signal - base
    count = np.maximum(np.isfinite(level).sum(axis=-1, keepdims=True), 1)
    deviation = np.maximum(np.sqrt(np.nansum(level**2, axis=-1, keepdims=True) / count), FLOOR_MV)
    return level / deviation, base, deviation


def products(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of products of visible samples, and their number, by lag: two (..., leads, leads, 2 samples - 1).

    `signal` is (..., leads, samples); entry [a, b, samples - 1 + lag] belongs to x_a(t + lag) x_b(t).
    """
    samples = signal.shape[-1]
    size = 2 * samples
    order = np.arange(1 - samples, samples) % size

    def correlate(values: np.ndarray) -> np.ndarray:
        transformed = np.fft.rfft(values, size, axis=-1)
        crossed = transformed[..., :, None, :] * transformed[..., None, :, :].conj()
        return np.fft.irfft(crossed, size, axis=-1)[..., order]

    visible = np.isfinite(signal)
    return correlate(np.where(visible, signal, 0.0)), np.round(correlate(visible.astype(np.float64)))


def covariance(windows: np.ndarray) -> np.ndarray:
    """The mean covariance by lag, (leads, leads, 2 samples - 1), of complete windows (windows, leads, samples)."""
    total = sum(products(window)[0] for window in windows)
    lags = np.arange(1 - windows.shape[-1], windows.shape[-1])
    return total / (len(windows) * (windows.shape[-1] - np.abs(lags)))


def adapt(window: np.ndarray, known: np.ndarray, reach: int, span: int, prior: float) -> np.ndarray:
    """The covariance by lag, (leads, leads, 2 span - 1), of one window (leads, samples) with NaN where hidden.

    `known`, the training windows' covariance, counts as `prior` products of samples, those visible in the window as
    they are: the posterior mean under a conjugate prior. Lags fade out towards `reach` <= samples. Negative
    eigenvalues of the spectral matrix, which unequal counts bring, are set to zero on a circle so long that samples
    less than `span` >= `reach` apart have a positive semidefinite covariance.
    """
    lags = np.arange(1 - reach, reach)
    own = slice(window.shape[-1] - reach, window.shape[-1] + reach - 1)
    middle = slice(known.shape[-1] // 2 + 1 - reach, known.shape[-1] // 2 + reach)
    total, count = products(window)
    mixed = (total[..., own] + prior * known[..., middle]) / (count[..., own] + prior) * (1 - np.abs(lags) / reach)
    size = 2 * span
    circle = np.zeros((*mixed.shape[:2], size))
    circle[..., lags % size] = mixed
    spectrum = np.moveaxis(np.fft.fft(circle, axis=-1), -1, 0)
    if len(window) == 1:
        spectrum = np.maximum(spectrum.real, 0.0)
    else:
        values, vectors = np.linalg.eigh(0.5 * (spectrum + spectrum.conj().transpose(0, 2, 1)))
        spectrum = (vectors * np.maximum(values, 0.0)[:, None, :]) @ vectors.conj().transpose(0, 2, 1)
    return np.fft.ifft(np.moveaxis(spectrum, 0, -1), axis=-1).real[..., np.arange(1 - span, span) % size]


def conditional_mean(
    values: np.ndarray, seen: tuple[np.ndarray, ...], asked: tuple[np.ndarray, ...], known: np.ndarray, nugget: float
) -> np.ndarray:
    """E[x(asked) | x(seen) = values], by simple kriging: (asked,).

    `seen` and `asked` are (leads, times), no further apart than `known`, a covariance by lag, reaches; `nugget` is
    added to the variance of what is seen.
    """
    from scipy.linalg import cho_factor, cho_solve

    leads, centre = len(known), known.shape[-1] // 2
    flat = known.ravel()

    def between(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> np.ndarray:
        rows = one[0] * (leads * known.shape[-1]) + one[1] + centre
        columns = other[0] * known.shape[-1] - other[1]
        return flat.take(np.add.outer(rows, columns))

    gram = between(seen, seen)
    gram.ravel()[:: len(gram) + 1] += nugget
    weights = cho_solve(cho_factor(gram, overwrite_a=True, check_finite=False), values, check_finite=False)
    return between(asked, seen) @ weights


def points(window: np.ndarray, known: np.ndarray, rate: float, params: dict) -> np.ndarray:
    """Single hidden samples of a window (leads, samples), from all leads' samples nearby, tile by tile."""
    tile, margin = round(params["tile_s"] * rate), round(params["margin_s"] * rate)
    samples = window.shape[1]
    span = min(tile + 2 * margin, samples)
    adapted = adapt(window, known, min(round(params["near_s"] * rate), span), span, params["prior"])
    filled = np.array(window)
    for start in range(0, samples, tile):
        first = max(0, start - margin)
        around = window[:, first : min(samples, start + tile + margin)]
        asked = np.nonzero(np.isnan(around[:, start - first : start - first + tile]))
        asked = (asked[0], asked[1] + start - first)
        seen = np.nonzero(np.isfinite(around))
        estimate = conditional_mean(around[seen], seen, asked, adapted, params["nugget"]) if len(seen[0]) else 0.0
        filled[asked[0], asked[1] + first] = estimate
    return filled


def stretches(window: np.ndarray, known: np.ndarray, rate: float, params: dict) -> np.ndarray:
    """Hidden stretches of a window (leads, samples): from the other leads where visible, then from the lead itself.

    The regression on the other leads leaves a rest, which is estimated from the visible rest of the lead; where no
    other lead is visible, the lead's own samples serve, those just estimated among them.
    """
    filled = np.array(window)
    visible = np.isfinite(window)
    for lead, seen in enumerate(visible):
        own = known[lead : lead + 1, lead : lead + 1]
        helped = ~seen & visible.any(axis=0)
        if seen.any() and helped.any():
            explained = regress(window, lead, known, rate, params)
            rest = window[lead] - explained
            judged = np.isfinite(rest)
            if judged.any():
                deviation = max(float(rest[judged].std()), 1e-6)
                explained += deviation * krige(rest / deviation, own, rate, params)
            filled[lead, helped] = explained[helped]
        filled[lead] = krige(filled[lead], own, rate, params)
    return filled


def krige(lead: np.ndarray, known: np.ndarray, rate: float, params: dict) -> np.ndarray:
    """Hidden samples of a lead (samples,) given those of its visible ones that are near; 0 where nothing is near."""
    hidden = np.isnan(lead)
    filled = np.where(hidden, 0.0, lead)
    if hidden.all() or not hidden.any():
        return filled
    context = round(params["context_s"] * rate)
    adapted = adapt(lead[None], known, len(lead), len(lead), params["prior"])
    for start, stop in together(runs(hidden), context):
        near = np.arange(max(0, start - context), min(len(lead), stop + context), params["thin"])
        near = near[~hidden[near]]
        asked = start + np.flatnonzero(hidden[start:stop])
        if len(near):
            leads = (np.zeros_like(near), np.zeros_like(asked))
            filled[asked] = conditional_mean(lead[near], (leads[0], near), (leads[1], asked), adapted, params["nugget"])
    return filled


def together(stretches: list[tuple[int, int]], context: int) -> list[tuple[int, int]]:
    """Join stretches that are less than `context` apart: what is between them serves both."""
    joined = stretches[:1]
    for start, stop in stretches[1:]:
        if start - joined[-1][1] < context:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def regress(window: np.ndarray, lead: int, known: np.ndarray, rate: float, params: dict) -> np.ndarray:
    """What the other leads tell of `lead`, (samples,), NaN where none of them is visible.

    The normal equations of a FIR filter over +-`reach_s`: sums of products of samples that are visible together, and
    `prior_leads` times the training windows' covariance.
    """
    reach, samples, prior = round(params["reach_s"] * rate), window.shape[1], params["prior_leads"]
    lags = np.arange(-reach, reach + 1, params["every"])
    visible = np.isfinite(window)
    times = np.clip(np.arange(samples) + lags[:, None], 0, samples - 1)
    lagged = np.nan_to_num(window)[:, times]
    whole = np.asarray(np.all(visible[:, times], axis=1))
    explained = np.full(samples, np.nan)
    sets = np.array(visible)
    sets[lead] = False
    centre = known.shape[-1] // 2
    helped = np.any(sets, axis=0)
    for chosen in np.unique(sets[:, helped].T, axis=0):
        leads = np.flatnonzero(chosen)
        both = visible[lead] & whole[leads].all(axis=0)
        who, when = np.repeat(leads, len(lags)), np.tile(lags, len(leads))
        predictors = lagged[leads].reshape(len(who), samples)
        gram = prior * known[who[:, None], who, centre + when[:, None] - when]
        cross = prior * known[lead, who, centre - when]
        gram += predictors[:, both] @ predictors[:, both].T
        cross += predictors[:, both] @ window[lead, both]
        gram[np.diag_indices(len(gram))] += params["nugget"] * (prior + both.sum())
        seen = (chosen == sets.T).all(axis=1)
        explained[seen] = (np.linalg.solve(gram, cross) @ predictors)[seen]
    return explained
