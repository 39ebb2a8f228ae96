"""Hidden samples as the conditional mean of visible ones, all of them jointly normal and stationary
(simple kriging).

The covariance is that of training windows, adapted in each window by the products of its own
visible samples."""

import numpy as np

from methods.kit.signal.baseline import baseline

FLOOR_MV = 0.02  # the least deviation that a lead is divided by


def scale_down(
    signal: np.ndarray, rate: float, baseline_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows (windows, leads, samples) in mV less their baseline and divided by what is visible's
    deviation.

    Returns the scaled windows, the baselines in mV (the same shape) and the deviations in mV
    (windows, leads, 1)."""
    base = baseline(signal, round(baseline_s * rate))
    level = signal - base
    count = np.maximum(np.isfinite(level).sum(axis=-1, keepdims=True), 1)
    deviation = np.maximum(np.sqrt(np.nansum(level**2, axis=-1, keepdims=True) / count), FLOOR_MV)
    return level / deviation, base, deviation


def products(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of products of visible samples, and their number, by lag: two (..., leads, leads, 2
    samples - 1).

    `signal` is (..., leads, samples); entry [a, b, samples - 1 + lag] belongs to x_a(t + lag)
    x_b(t)."""
    samples = signal.shape[-1]
    size = 2 * samples
    order = np.arange(1 - samples, samples) % size

    def correlate(values: np.ndarray) -> np.ndarray:
        transformed = np.fft.rfft(values, size, axis=-1)
        crossed = transformed[..., :, None, :] * transformed[..., None, :, :].conj()
        return np.fft.irfft(crossed, size, axis=-1)[..., order]

    visible = np.isfinite(signal)
    return correlate(np.where(visible, signal, 0.0)), np.round(
        correlate(visible.astype(np.float64))
    )


def covariance(windows: np.ndarray) -> np.ndarray:
    """The mean covariance by lag, (leads, leads, 2 samples - 1), of complete windows (windows,
    leads, samples)."""
    total = sum(products(window)[0] for window in windows)
    lags = np.arange(1 - windows.shape[-1], windows.shape[-1])
    return total / (len(windows) * (windows.shape[-1] - np.abs(lags)))


def adapt(
    window: np.ndarray, covariance: np.ndarray, reach: int, span: int, prior: float
) -> np.ndarray:
    """The covariance by lag, (leads, leads, 2 span - 1), of one window (leads, samples) with NaN
    where hidden.

    `covariance`, that of the training windows, counts as `prior` products of samples, those visible
    in the window as they are: the posterior mean under a conjugate prior. Lags fade out towards
    `reach` <= samples. Negative eigenvalues of the spectral matrix, which unequal counts bring, are
    set to zero on a circle so long that samples less than `span` >= `reach` apart have a positive
    semidefinite covariance."""
    lags = np.arange(1 - reach, reach)
    own = slice(window.shape[-1] - reach, window.shape[-1] + reach - 1)
    middle = slice(covariance.shape[-1] // 2 + 1 - reach, covariance.shape[-1] // 2 + reach)
    total, count = products(window)
    mixed = (
        (total[..., own] + prior * covariance[..., middle])
        / (count[..., own] + prior)
        * (1 - np.abs(lags) / reach)
    )
    size = 2 * span
    circle = np.zeros((*mixed.shape[:2], size))
    circle[..., lags % size] = mixed
    spectrum = np.moveaxis(np.fft.fft(circle, axis=-1), -1, 0)
    if len(window) == 1:
        spectrum = np.maximum(spectrum.real, 0.0)
    else:
        values, vectors = np.linalg.eigh(0.5 * (spectrum + spectrum.conj().transpose(0, 2, 1)))
        spectrum = (vectors * np.maximum(values, 0.0)[:, None, :]) @ vectors.conj().transpose(
            0, 2, 1
        )
    return np.fft.ifft(np.moveaxis(spectrum, 0, -1), axis=-1).real[
        ..., np.arange(1 - span, span) % size
    ]


def conditional_mean(
    values: np.ndarray,
    seen: tuple[np.ndarray, ...],
    asked: tuple[np.ndarray, ...],
    covariance: np.ndarray,
    nugget: float,
) -> np.ndarray:
    """E[x(asked) | x(seen) = values], by simple kriging: (asked,).

    `seen` and `asked` are (leads, times), no further apart than `covariance`, by lag,
    reaches; `nugget` is added to the variance of what is seen."""
    from scipy.linalg import cho_factor, cho_solve

    leads, centre = len(covariance), covariance.shape[-1] // 2
    flat = covariance.ravel()

    def between(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> np.ndarray:
        rows = one[0] * (leads * covariance.shape[-1]) + one[1] + centre
        columns = other[0] * covariance.shape[-1] - other[1]
        return flat.take(np.add.outer(rows, columns))

    gram = between(seen, seen)
    gram.ravel()[:: len(gram) + 1] += nugget
    weights = cho_solve(
        cho_factor(gram, overwrite_a=True, check_finite=False), values, check_finite=False
    )
    return between(asked, seen) @ weights


def points(
    window: np.ndarray,
    covariance: np.ndarray,
    rate: float,
    *,
    prior: float = 300,
    nugget: float = 0.003,
    near_s: float = 0.4,
    tile_s: float = 1.0,
    margin_s: float = 0.2,
) -> np.ndarray:
    """Single hidden samples of a scaled window (leads, samples), from all leads' samples nearby,
    tile by tile."""
    tile, margin = round(tile_s * rate), round(margin_s * rate)
    samples = window.shape[1]
    span = min(tile + 2 * margin, samples)
    adapted = adapt(window, covariance, min(round(near_s * rate), span), span, prior)
    filled = np.array(window)
    for start in range(0, samples, tile):
        first = max(0, start - margin)
        around = window[:, first : min(samples, start + tile + margin)]
        asked = np.nonzero(np.isnan(around[:, start - first : start - first + tile]))
        asked = (asked[0], asked[1] + start - first)
        seen = np.nonzero(np.isfinite(around))
        estimate = (
            conditional_mean(around[seen], seen, asked, adapted, nugget) if len(seen[0]) else 0.0
        )
        filled[asked[0], asked[1] + first] = estimate
    return filled
