"""The metrics of the completion tasks, per window.

Signals are (windows, leads, samples) in mV, already baseline-filtered; a guess is the completed
window: the truth where samples are visible, the method's estimate where they are `wanted` (a mask
of the same shape). `scale` is (windows, leads) in mV. A window in which nothing is wanted has no
error: NaN."""

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.metrics.table import HORIZON_S, NRMSE, WARPED_NRMSE, horizon_name

WARP_BAND_S = 0.075
WARP_PENALTY = 2.5  # squared scales per s of shift
SHORTEST_WARPED_S = 0.25  # shorter than a heartbeat's own waves: nothing to align
TOLERANCE_S = 0.075  # between R peaks that are one
REFRACTORY_S = 0.2
QRS_BAND_HZ = (5.0, 20.0)
PEAK_THRESHOLD = 0.4  # of a typical R peak's envelope
FLATTEST_QRS_MV = 0.02  # no envelope below this is a heartbeat
SPECTRAL_BAND_HZ = (1.0, 40.0)
SPECTRAL_FRAME_S = 1.0
# MV²/Hz: white noise of 6 µV up to 40 Hz, about the step of the converters that made the data.
SPECTRAL_FLOOR = 1e-6


def nrmse(
    truth: np.ndarray, guess: np.ndarray, wanted: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Root mean square error over a window's wanted samples (windows,), leads pooled after division
    by their scale."""
    squares = _squares(truth, guess, wanted) / np.square(scale)[..., None]
    return np.sqrt(_ratio(squares.sum((1, 2)), wanted.sum((1, 2))))


def warped_nrmse(
    truth: np.ndarray, guess: np.ndarray, wanted: np.ndarray, scale: np.ndarray, rate: float
) -> np.ndarray:
    """nRMSE after each hidden run of each lead is aligned by dynamic time warping (windows,).

    The path is `benchmarks.metrics.warp.run_cost`'s: symmetric, slope constraint P = 1, within ±75
    ms, at a local cost of (Δ amplitude / scale)² + 2.5 · |Δt| (in s), dwelling along the edges. A
    run's cost is half of the path's weighted sum, so the undistorted path costs what nRMSE does and
    the warped error is never the larger. Costs and lengths of all runs are summed, divided, and the
    root taken. Runs under 0.25 s are not warped."""
    from benchmarks.metrics.warp import warped_errors

    band = round(WARP_BAND_S * rate)
    penalty = WARP_PENALTY * np.abs(np.arange(-band, band + 1)) / rate
    true_signal, guessed_signal, scales = (
        np.ascontiguousarray(array, np.float64) for array in (truth, guess, scale)
    )
    return warped_errors(
        true_signal,
        guessed_signal,
        np.ascontiguousarray(wanted),
        scales,
        penalty,
        round(SHORTEST_WARPED_S * rate),
    )


def pearson(truth: np.ndarray, guess: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Correlation over wanted samples, lead by lead, then the mean over leads (windows,).

    A flat guess correlates 0. A lead whose truth is flat, or of which nothing is wanted, has no
    say."""
    count = wanted.sum(-1)
    centred = []
    for signal in (truth, guess):
        mean = _ratio(np.sum(signal, -1, dtype=np.float64, where=wanted), count)
        centred.append(np.where(wanted, signal - mean[..., None], 0.0))
    centred_truth, centred_guess = centred
    power, guessed = np.square(centred_truth).sum(-1), np.square(centred_guess).sum(-1)
    # Squares of what rounding leaves of a constant are no signal.
    flat, useless = power <= 1e-12 * count, guessed <= 1e-12 * count
    correlations = np.where(
        useless,
        0.0,
        (centred_truth * centred_guess).sum(-1)
        / np.sqrt(np.where(flat | useless, 1.0, power * guessed)),
    )
    return _ratio(np.where(flat, 0.0, correlations).sum(1), (~flat).sum(1))


def log_spectral_distance(
    truth: np.ndarray, guess: np.ndarray, wanted: np.ndarray, rate: float
) -> np.ndarray:
    """Distance of spectra in dB (windows,): root mean square of 10 log10 of their ratio from 1 to
    40 Hz, per frame.

    Frames are 1 s (Hann), every 0.5 s from the window's start; those of which more than half is
    wanted count, and the mean is taken over them and the leads. Powers are floored, so that silence
    is far and not infinitely far."""
    length = round(SPECTRAL_FRAME_S * rate)
    taper = np.hanning(length + 1)[:-1]
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    band = (frequencies >= SPECTRAL_BAND_HZ[0]) & (frequencies <= SPECTRAL_BAND_HZ[1])
    total, count = np.zeros(len(truth)), np.zeros(len(truth))
    for start in range(0, truth.shape[-1] - length + 1, length // 2):
        stretch = slice(start, start + length)
        counts = wanted[..., stretch].mean(-1) > 0.5
        if not counts.any():
            continue
        decibels = []
        for signal in (truth, guess):
            spectrum = np.fft.rfft(signal[..., stretch][counts] * taper)[:, band]
            power = 2 * np.square(np.abs(spectrum)) / (rate * np.square(taper).sum())
            decibels.append(10 * np.log10(np.maximum(power, SPECTRAL_FLOOR)))
        distance = np.sqrt(np.square(decibels[0] - decibels[1]).mean(-1))
        window = np.nonzero(counts)[0]
        total += np.bincount(window, distance, len(truth))
        count += np.bincount(window, minlength=len(truth))
    return _ratio(total, count)


def qrs_envelope(signal: np.ndarray, rate: float) -> np.ndarray:
    """Root mean square over 100 ms of what lies between 5 and 20 Hz, in mV: high where the
    ventricles contract."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import butter, sosfiltfilt

    sections = np.asarray(butter(2, QRS_BAND_HZ, "bandpass", fs=rate, output="sos"), np.float32)
    # Five Hz and more are well within float32, at a quarter of the time.
    power = np.square(sosfiltfilt(sections, np.asarray(signal, np.float32), axis=-1))
    # A running sum may leave a hair less than nothing.
    return np.sqrt(np.maximum(uniform_filter1d(power, round(0.1 * rate), axis=-1), 0.0))


def rpeaks(envelope: np.ndarray, threshold: np.ndarray, rate: float) -> np.ndarray:
    """Mask of R peaks: the highest point of the envelope (..., samples) within ±200 ms, above the
    threshold (...)."""
    highest = _within(envelope, REFRACTORY_S, rate)
    return (envelope == highest) & (envelope > threshold[..., None])


def peak_threshold(envelope: np.ndarray, rate: float) -> np.ndarray:
    """0.4 of the median of the highest points in each 2 s of a true window's envelope (...,
    samples) -> (...)."""
    length = min(round(2 * rate), envelope.shape[-1])
    blocks = envelope.shape[-1] // length
    highest = envelope[..., : blocks * length].reshape(*envelope.shape[:-1], blocks, length).max(-1)
    return PEAK_THRESHOLD * np.maximum(np.median(highest, -1), FLATTEST_QRS_MV / PEAK_THRESHOLD)


def rpeak_f1_counts(
    truth: np.ndarray, guess: np.ndarray, wanted: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True positives, false positives and misses (each (windows,)) among R peaks in the hidden part
    of each lead.

    One detector, with one threshold per lead and window (from the truth: a guess can't lower it by
    being faint), finds peaks in the true and in the completed window. Peaks within 75 ms are one;
    peaks of a signal are at least 200 ms apart, so none has two partners. A partner may lie in the
    visible part."""
    true_envelope = qrs_envelope(truth, rate)
    threshold = peak_threshold(true_envelope, rate)
    true_peaks = rpeaks(true_envelope, threshold, rate)
    peaks = rpeaks(qrs_envelope(guess, rate), threshold, rate)
    detected = true_peaks & _within(peaks, TOLERANCE_S, rate)
    invented = peaks & ~_within(true_peaks, TOLERANCE_S, rate)
    hits, false, all_true = (
        (mask & wanted).sum((1, 2)) for mask in (detected, invented, true_peaks)
    )
    return hits, false, all_true - hits


def error_by_horizon(
    truth: np.ndarray, guess: np.ndarray, wanted: np.ndarray, scale: np.ndarray, rate: float
) -> np.ndarray:
    """nRMSE in bins of 0.5 s (windows, bins), counted from the first wanted sample of each lead;
    NaN in empty bins."""
    step = round(HORIZON_S * rate)
    place = (np.cumsum(wanted, -1) - 1) // step
    bins = int(place.max(initial=-1)) + 1
    squares = _squares(truth, guess, wanted) / np.square(scale)[..., None]
    index = (place + bins * np.arange(len(truth))[:, None, None])[wanted]
    size = len(truth) * bins
    total, count = np.bincount(index, squares[wanted], size), np.bincount(index, minlength=size)
    return np.sqrt(_ratio(total, count)).reshape(len(truth), bins)


def completion_metrics(
    truth: np.ndarray,
    guess: np.ndarray,
    wanted: np.ndarray,
    scale: np.ndarray,
    rate: float,
    scenario_hides: str,
) -> dict[str, np.ndarray]:
    """Every metric of a case, each (windows,).

    `rpeak_tp`, `rpeak_fp` and `rpeak_fn` are counts, to be summed over a patient before F1 is
    taken. Where the future is hidden, `nrmse_0.5s`, `nrmse_1.0s`, … are the errors up to that
    horizon from the one before."""
    hits, false, missed = rpeak_f1_counts(truth, guess, wanted, rate)
    metrics = {
        NRMSE.name: nrmse(truth, guess, wanted, scale),
        WARPED_NRMSE.name: warped_nrmse(truth, guess, wanted, scale, rate),
        "pearson": pearson(truth, guess, wanted),
        "log_spectral_distance": log_spectral_distance(truth, guess, wanted, rate),
        "rpeak_tp": hits,
        "rpeak_fp": false,
        "rpeak_fn": missed,
    }
    if scenario_hides == "future":
        errors = error_by_horizon(truth, guess, wanted, scale, rate)
        metrics |= {horizon_name((k + 1) * HORIZON_S): column for k, column in enumerate(errors.T)}
    return metrics


def _squares(truth: np.ndarray, guess: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Squared differences where wanted, 0 elsewhere, in float64."""
    return np.where(wanted, np.square(np.subtract(truth, guess, dtype=np.float64)), 0.0)


def _ratio(total: ArrayLike, count: ArrayLike) -> np.ndarray:
    """total / count, NaN where the count is 0."""
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=np.greater(count, 0))


def _within(values: np.ndarray, seconds: float, rate: float) -> np.ndarray:
    """The highest value within ±seconds, along the last axis."""
    from scipy.ndimage import maximum_filter1d

    size = 2 * round(seconds * rate) + 1
    # ndimage knows no bool: peaks go through as bytes.
    given = values.view(np.uint8) if values.dtype == bool else values
    return maximum_filter1d(given, size, axis=-1, mode="constant").view(values.dtype)
