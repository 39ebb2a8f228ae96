"""Methods that look at beats, other leads or spectra: what each must give, on windows that have no
ordinary answer too."""

import json

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from tests.helpers.ecg_cases import METHODS, RATE, SAMPLES, call, case, ecg, error, hide
from tests.helpers.load_method import load

NAMES = ("beat-template", "lead-regression", "wavelet-denoise", "bandpass", "wiener")


@pytest.mark.parametrize("name", ["lead-regression", "wiener"])
def test_an_fir_relation_between_leads_is_recovered(name, trained):
    rng = np.random.default_rng(3)
    band = butter(2, (5, 40), "bandpass", fs=RATE, output="sos")
    source = sosfiltfilt(band, rng.standard_normal(SAMPLES))
    taps = np.zeros(81)
    taps[[30, 36, 40, 44]] = (0.4, -0.7, 1.2, 0.3)
    signal = np.stack([np.convolve(source, taps, "same"), source])
    hidden = hide(signal, [(0, 1000, 2500)])
    estimate = load(name).predict(case(hidden[None], "lead"), call(name, trained))[0]
    assert error(signal, estimate, np.isnan(hidden)) < 0.25
    hidden = hide(signal, [(0, 300, 1300), (1, 1300, 2300)])
    estimate = load(name).predict(case(hidden[None], "block"), call(name, trained))[0]
    assert error(signal[:1], estimate[:1], np.isnan(hidden)[:1]) < 0.35


@pytest.mark.parametrize("leads", [1, 3])
def test_any_number_of_leads_is_answered(leads, tmp_path):
    (tmp_path / "data/train").mkdir(parents=True)
    (tmp_path / "model").mkdir()
    gains = (1.0, -0.6, 0.4)[:leads]
    windows = np.stack([ecg(interval, gains=gains) for interval in (0.7, 0.8, 0.9)])
    np.save(tmp_path / "data/train/windows.npy", windows.astype(np.float32))
    about = {"rate": RATE, "leads": [["A", "B", "C"][:leads]] * 3, "patients": [0, 1, 2]}
    (tmp_path / "data/train/windows.json").write_text(json.dumps(about))
    noise = np.random.default_rng(13).standard_normal((3, 2, 20000))
    np.save(tmp_path / "data/noise.npy", noise.astype(np.float32))
    load("wiener").fit(call("wiener", tmp_path, "fit"))
    signal = ecg(0.85, gains=gains)
    hidden = hide(signal, [(lead, 300 + 400 * lead, 1300 + 400 * lead) for lead in range(leads)])
    for name in ("beat-template", "lead-regression", "wiener"):
        estimate = load(name).predict(case(hidden[None], "block"), call(name, tmp_path))[0]
        assert error(signal, estimate, np.isnan(hidden)) < (
            1.2 if name == "lead-regression" else 0.6
        )
    for name in ("bandpass", "wavelet-denoise", "wiener"):
        assert np.isfinite(
            load(name).predict(case(signal[None], "noise", snr=6.0), call(name, tmp_path))
        ).all()


def awkward():
    """Windows (leads, samples) that have no usual answer."""
    rng = np.random.default_rng(12)
    one = ecg()
    yield "flat", hide(np.zeros((2, SAMPLES)), [(0, 500, 1500), (1, 900, 1900)])
    yield (
        "one lead flat",
        hide(np.stack([one[0], np.full(SAMPLES, 1.3)]), [(0, 500, 1500), (1, 900, 1900)]),
    )
    yield "nothing of a lead", hide(one, [(0, 0, SAMPLES)])
    yield "nothing at all", hide(one, [(0, 0, SAMPLES), (1, 0, SAMPLES)])
    yield "three samples of a lead", hide(one, [(0, 3, SAMPLES)])
    yield "few samples of both", hide(one, [(0, 10, SAMPLES), (1, 0, SAMPLES - 10)])
    yield (
        "no beats",
        hide(0.001 * rng.standard_normal((2, SAMPLES)), [(0, 1000, 2500), (1, 1000, 2500)]),
    )
    yield "one beat", hide(one, [(0, 150, SAMPLES), (1, 150, SAMPLES)])
    yield "huge", hide(1e4 * one + 1e5, [(0, 500, 1500), (1, 900, 1900)])
    yield "scattered", np.where(rng.random(one.shape) < 0.75, np.nan, one)


@pytest.mark.parametrize("name", ["beat-template", "lead-regression", "wiener"])
def test_awkward_windows_get_finite_answers_that_keep_what_is_visible(name, trained):
    windows = np.stack([window for _, window in awkward()])
    for hides in ("block", *(("points",) if name == "wiener" else ())):
        asked = case(windows, hides)
        estimate = load(name).predict(asked, call(name, trained)).astype(np.float32)
        assert np.isfinite(estimate).all()
        assert np.array_equal(
            estimate[np.isfinite(asked.signal)], asked.signal[np.isfinite(asked.signal)]
        )
        assert np.abs(estimate[:-2]).max() < 20
        again = load(name).predict(asked, call(name, trained)).astype(np.float32)
        assert np.array_equal(estimate, again)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_valid(name):
    from benchmarks.contract import MethodCard
    from benchmarks.contract import load as read

    card = read(MethodCard, METHODS / name / "method.yaml")
    assert card.name == name
    assert name in json.loads((METHODS / name / "params.json").read_text())
