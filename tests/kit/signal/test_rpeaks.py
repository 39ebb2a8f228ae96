"""R peaks in what is visible."""

import numpy as np

from methods.kit.signal import rpeaks
from tests.helpers.ecg_cases import RATE, ecg, hide


def test_r_peaks_are_found_in_either_polarity_and_beside_hidden_stretches():
    signal = ecg(shift=0.3)
    beats = np.round(np.arange(0.3, 10, 0.8) * RATE).astype(int)
    energy = rpeaks.energy(rpeaks.qrs_band(signal[None], RATE), RATE)[0]
    assert np.abs(rpeaks.peaks(energy, RATE) - beats).max() <= 4
    gone = hide(signal, [(0, 600, 900), (1, 600, 900)])
    energy = rpeaks.energy(rpeaks.qrs_band(gone[None], RATE), RATE)[0]
    seen = beats[(beats < 580) | (beats > 920)]
    assert np.abs(rpeaks.peaks(energy, RATE) - seen).max() <= 4
