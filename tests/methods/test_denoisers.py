"""Methods that take noise away."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from tests.helpers.ecg_cases import RATE, SAMPLES, TIMES, call, case, ecg, error
from tests.helpers.load_method import load


@pytest.mark.parametrize(
    ("name", "gain"), [("wavelet-denoise", 1.0), ("bandpass", 3.0), ("wiener", 3.0)]
)
def test_denoisers_raise_the_snr_of_an_ecg(name, gain, trained):
    signal = ecg()
    power = signal.var(axis=-1, keepdims=True)
    noisy = signal + np.sqrt(2 * power) * np.random.default_rng(10).standard_normal(signal.shape)
    estimate = load(name).predict(case(noisy[None], "noise", snr=-3.0), call(name, trained))[0]
    filtered = butter(2, 0.5, "highpass", fs=RATE, output="sos")  # as the scorer looks at it

    def snr(x):
        return 10 * np.log10(power[:, 0] / sosfiltfilt(filtered, x - signal, axis=-1).var(axis=-1))

    assert (snr(estimate) - snr(noisy) > gain).all()


@pytest.mark.parametrize(("name", "share"), [("wavelet-denoise", 0.95), ("bandpass", 0.6)])
def test_denoisers_raise_the_snr_of_a_sine(name, share):
    sine = np.sin(2 * np.pi * 5 * TIMES)
    signal = np.stack([sine, 0.5 * sine])
    noisy = signal + 0.2 * np.random.default_rng(11).standard_normal(signal.shape)
    estimate = load(name).predict(case(noisy[None], "noise", snr=10.0), call(name))[0]
    every = np.ones(signal.shape, bool)
    assert error(signal, estimate, every) < share * error(signal, noisy, every)


@pytest.mark.parametrize("name", ["wavelet-denoise", "bandpass", "wiener"])
def test_denoising_flat_and_huge_leads_is_finite(name, trained):
    signal = np.stack([np.zeros((2, SAMPLES)), 1e4 * ecg(), np.full((2, SAMPLES), -3.0)])
    estimate = load(name).predict(case(signal, "noise", snr=0.0), call(name, trained))
    assert np.isfinite(estimate.astype(np.float32)).all()
    assert np.allclose(estimate[2], -3.0, atol=1e-3)
