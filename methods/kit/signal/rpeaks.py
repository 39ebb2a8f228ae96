"""R peaks in whatever is visible of a window: band-passed energy of all leads together, then the
highest peaks.

After the energy detectors that Pan and Tompkins (1985, doi:10.1109/TBME.1985.325532) began:
band-pass, rectify, smooth over a QRS, threshold. All leads of a window beat at the same time, so
their energies are averaged where visible, and a beat that one lead hides is found in the other."""

import numpy as np

from methods.kit.signal.baseline import bridge

BAND = (5.0, 20.0)  # Hz, where the QRS stands out
QRS_S = 0.10  # s over which the energy is smoothed
REFRACTORY_S = 0.28  # s, no two beats are closer
# S of energy not believed next to a hidden sample, where the filter saw a filled line.
BLIND_S = 0.04
SHARE = 0.45  # of the usual height of the energy's peaks, below which a peak is no beat
FLOOR = 1e-3  # mV of band-passed energy, below which a lead is flat


def qrs_band(signal: np.ndarray, rate: float) -> np.ndarray:
    """Windows (windows, leads, samples) in mV band-passed to the QRS, NaN where hidden samples
    reach."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import butter, sosfiltfilt

    passed = sosfiltfilt(
        butter(2, BAND, "bandpass", fs=rate, output="sos"), bridge(signal), axis=-1
    )
    hidden = np.isnan(signal).astype(np.float32)
    reach = uniform_filter1d(hidden, 2 * round(BLIND_S * rate) + 1, axis=-1, mode="nearest")
    passed[reach > 1e-6] = np.nan
    return passed


def energy(band: np.ndarray, rate: float) -> np.ndarray:
    """QRS energy (windows, samples) of a `qrs_band` (windows, leads, samples), NaN where no lead
    can be judged.

    Each lead's energy is divided by its own usual peak, so that a beat has about 1 in every lead.
    """
    from scipy.ndimage import uniform_filter1d

    hidden = np.isnan(band)
    rectified = np.abs(np.where(hidden, 0.0, band))
    smooth = uniform_filter1d(rectified, max(1, round(QRS_S * rate)), axis=-1, mode="nearest")
    smooth[hidden] = np.nan
    usual = _usual_peak(smooth, rate)[..., None]
    judged = ~hidden & (usual > FLOOR)
    smooth /= np.maximum(usual, FLOOR)
    count = judged.sum(axis=1)
    total = np.sum(smooth, axis=1, where=judged)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _usual_peak(smooth: np.ndarray, rate: float) -> np.ndarray:
    """The median over stretches of 1.25 s of the largest energy: (..., samples) to (...); 0 where
    nothing is seen."""
    length = min(round(1.25 * rate), smooth.shape[-1])
    count = smooth.shape[-1] // length
    stretches = np.nan_to_num(smooth[..., : count * length], nan=-1.0).reshape(
        *smooth.shape[:-1], count, length
    )
    # A stretch that shows less than half of its samples may show no beat at all.
    shown = (stretches >= 0).mean(axis=-1) >= 0.5
    highest = np.where(shown, stretches.max(axis=-1), np.nan)
    highest[~shown.any(axis=-1)] = 0.0
    return np.nanmedian(highest, axis=-1)


def peaks(energy: np.ndarray, rate: float) -> np.ndarray:
    """The samples (beats,) int64 at which an `energy` (samples,) has a beat."""
    from scipy.signal import find_peaks

    seen = np.nan_to_num(energy, nan=0.0)
    usual = _usual_peak(energy[None], rate)[0]
    if usual <= 0:
        return np.zeros(0, np.int64)
    found, _ = find_peaks(seen, height=SHARE * usual, distance=max(1, round(REFRACTORY_S * rate)))
    # At the border of what is visible the energy is cut off, and its highest sample there is no
    # peak.
    edge = np.isnan(energy[np.maximum(found - 2, 0)]) | np.isnan(
        energy[np.minimum(found + 2, len(energy) - 1)]
    )
    return found[~edge].astype(np.int64)
