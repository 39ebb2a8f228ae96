"""Denoising: the Wiener filter of all leads together, between spectra of clean training windows and
of real noise."""

import numpy as np

MIXTURES = 2000  # stretches of noise that its spectra are averaged over
HIGH_PASS_HZ = 0.5  # the SNR of a scenario is that of signals filtered so
FLOOR_MV = 0.02  # the least deviation that a lead is divided by
SMOOTH = 9  # frequencies over which a spectrum is averaged
REGULAR = 1e-9  # share of the trace that is added, because a flat lead has no spectrum


def mixtures(noise: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Random stretches (MIXTURES, leads, samples) of `noise` (kinds, channels, samples), its kinds
    mixed at random.

    The weights are uniform on the simplex; leads beyond the noise's channels take them in turn.
    """
    kinds, channels, length = noise.shape
    leads, samples = shape
    drawn = np.empty((MIXTURES, leads, samples))
    for stretch in drawn:
        start = int(rng.integers(0, length - samples + 1))
        cut = noise[:, np.arange(leads) % channels, start : start + samples]
        stretch[:] = np.einsum("k,kcs->cs", rng.dirichlet(np.ones(kinds)), cut)
    return drawn


def deviation(signal: np.ndarray, rate: float) -> np.ndarray:
    """The deviation (..., 1) in mV of signals (..., samples) without their baseline."""
    from scipy.signal import butter, sosfiltfilt

    passed = sosfiltfilt(
        butter(2, HIGH_PASS_HZ, "highpass", fs=rate, output="sos"), signal, axis=-1
    )
    return passed.std(axis=-1, keepdims=True)


def transform(signal: np.ndarray) -> np.ndarray:
    """The Fourier transform of signals (..., samples) mirrored at their end, so that no jump
    spreads over it."""
    return np.fft.rfft(np.concatenate([signal, signal[..., ::-1]], axis=-1), axis=-1)


def spectra(windows: np.ndarray, rate: float, floor: float) -> np.ndarray:
    """The mean spectral matrix (frequencies, leads, leads), real, of windows (windows, leads,
    samples).

    Each lead of each window is divided by its deviation, or by `floor` if that is more.
    """
    from scipy.ndimage import uniform_filter1d

    scaled = (windows - windows.mean(axis=-1, keepdims=True)) / np.maximum(
        deviation(windows, rate), floor
    )
    total = np.zeros((windows.shape[1], windows.shape[1], windows.shape[2] + 1))
    for window in scaled:
        transformed = transform(window)
        total += np.real(transformed[:, None] * transformed[None].conj())
    return np.moveaxis(
        uniform_filter1d(total / len(windows), SMOOTH, axis=-1, mode="nearest"), -1, 0
    )


def restore(
    signal: np.ndarray, clean: np.ndarray, noise: np.ndarray, snr: float, rate: float
) -> np.ndarray:
    """Windows (windows, leads, samples) in mV without their noise of `snr` dB.

    H(f) = S(f) (S(f) + q N(f))^-1 (Wiener 1949), matrices over leads, with q = 10^(-snr/10): signal
    and noise are in units of the signal's deviation, which is the observed one divided by sqrt(1 +
    q)."""
    ratio = 10 ** (-snr / 10)
    observed = clean + ratio * noise
    observed = observed + REGULAR * np.trace(observed, axis1=1, axis2=2)[:, None, None] * np.eye(
        signal.shape[1]
    )
    gain = np.swapaxes(np.linalg.solve(observed, np.swapaxes(clean, 1, 2)), 1, 2)
    level = signal.mean(axis=-1, keepdims=True)
    scale = np.maximum(deviation(signal, rate) / np.sqrt(1 + ratio), FLOOR_MV)
    restored = np.empty(signal.shape)
    for out, window in zip(restored, (signal - level) / scale, strict=True):
        out[:] = np.fft.irfft(np.einsum("fij,jf->if", gain, transform(window)), axis=-1)[
            :, : signal.shape[-1]
        ]
    return level + scale * restored
