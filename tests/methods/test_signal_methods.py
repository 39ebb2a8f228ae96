"""The classical signal methods on hand-made windows whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows
from methods.kit.signal import kriging, rpeaks
from methods.kit.signal import kriging_stretches as stretches
from methods.kit.signal.baseline import bridge
from tests.helpers.load_method import load

METHODS = Path(__file__).resolve().parents[2] / "methods"
RATE, SAMPLES = 250.0, 2500
TIMES = np.arange(SAMPLES) / RATE
NAMES = ("beat-template", "lead-regression", "wavelet-denoise", "bandpass", "wiener")


def call(name, root=Path(), verb="predict", task="reconstruction", **changes):
    params = json.loads((METHODS / name / "params.json").read_text())[name]
    return Call(verb, task, params | changes, 1, {"steps": 1, "windows": 1}, root)


def case(signal, hides, snr=None):
    names = [f"L{k}" for k in range(signal.shape[1])]
    scenario = {
        "name": hides,
        "hides": hides,
        "snr": snr,
        "lead": 0,
        "seconds": None,
        "fraction": None,
    }
    return Windows(signal.astype(np.float32), [names] * len(signal), None, RATE, scenario)


def ecg(interval=0.8, shift=0.0, gains=(1.0, -0.6)):
    """A periodic two-lead window (leads, samples) in mV: P, QRS and T as Gaussians."""
    phase = (TIMES - shift + interval / 2) % interval - interval / 2
    waves = (
        (0.12, -0.17, 0.025),
        (-0.1, -0.03, 0.01),
        (1.0, 0.0, 0.011),
        (-0.2, 0.03, 0.01),
        (0.3, 0.22, 0.045),
    )
    beat = sum(a * np.exp(-0.5 * ((phase - m) / w) ** 2) for a, m, w in waves)
    return np.stack([gain * beat for gain in gains])


def hide(signal, stretches):
    hidden = signal.copy()
    for lead, start, stop in stretches:
        hidden[lead, start:stop] = np.nan
    return hidden


def error(truth, estimate, mask):
    return np.sqrt(np.mean((truth - estimate)[mask] ** 2)) / truth[mask].std()


def ar1(rng, windows, leads=1, rho=0.9):
    """Stationary AR(1) windows of unit variance."""
    from scipy.signal import lfilter

    noise = rng.standard_normal((windows, leads, SAMPLES + 200)) * np.sqrt(1 - rho**2)
    return np.asarray(lfilter([1], [1, -rho], noise, axis=-1))[..., 200:]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A fitted wiener model of simulated ECG and white noise."""
    root = tmp_path_factory.mktemp("wiener")
    (root / "data/train").mkdir(parents=True)
    (root / "model").mkdir()
    rng = np.random.default_rng(2)
    windows = np.stack([ecg(rng.uniform(0.6, 1.1), rng.uniform(0, 1)) for _ in range(20)])
    np.save(root / "data/train/windows.npy", windows.astype(np.float32))
    about = {"rate": RATE, "leads": [["A", "B"]] * 20, "patients": [0] * 20}
    (root / "data/train/windows.json").write_text(json.dumps(about))
    np.save(root / "data/noise.npy", rng.standard_normal((3, 2, 20000)).astype(np.float32))
    load("wiener").fit(call("wiener", root, "fit"))
    return root


def test_r_peaks_are_found_in_either_polarity_and_beside_hidden_stretches():
    signal = ecg(shift=0.3)
    beats = np.round(np.arange(0.3, 10, 0.8) * RATE).astype(int)
    energy = rpeaks.energy(rpeaks.qrs_band(signal[None], RATE), RATE)[0]
    assert np.abs(rpeaks.peaks(energy, RATE) - beats).max() <= 4
    gone = hide(signal, [(0, 600, 900), (1, 600, 900)])
    energy = rpeaks.energy(rpeaks.qrs_band(gone[None], RATE), RATE)[0]
    seen = beats[(beats < 580) | (beats > 920)]
    assert np.abs(rpeaks.peaks(energy, RATE) - seen).max() <= 4


@pytest.mark.parametrize(
    ("hides", "stretches"),
    [
        ("gap", [(0, 900, 1650), (1, 900, 1650)]),
        ("future", [(0, 1250, 2500), (1, 1250, 2500)]),
        ("patches", [(lead, 250 * k, 250 * k + 250) for lead in (0, 1) for k in (0, 3, 4, 8)]),
        ("block", [(0, 300, 1300), (1, 900, 1900)]),
        ("lead", [(0, 1000, 2500)]),
    ],
)
def test_beat_template_restores_a_periodic_ecg(hides, stretches):
    signal = ecg(shift=0.3)
    hidden = hide(signal, stretches)
    estimate = load("beat-template").predict(case(hidden[None], hides), call("beat-template"))[0]
    assert error(signal, estimate, np.isnan(hidden)) < 0.1


def test_beat_template_places_hidden_beats_of_one_lead_by_the_other():
    phase = np.cumsum(1 / (RATE * (0.8 + 0.25 * np.sin(2 * np.pi * TIMES / 7))))
    beat = np.exp(-0.5 * (((phase + 0.5) % 1 - 0.5) / 0.015) ** 2)
    signal = np.stack([beat, -0.5 * beat])
    hidden = hide(signal, [(0, 1000, 2500)])
    estimate = load("beat-template").predict(case(hidden[None], "lead"), call("beat-template"))[0]
    assert error(signal, estimate, np.isnan(hidden)) < 0.3


def test_beat_template_answers_a_straight_line_where_no_beat_is_seen():
    signal = np.stack([TIMES, np.zeros(SAMPLES)])
    hidden = hide(signal, [(0, 1000, 1250), (1, 1000, 1250)])
    estimate = load("beat-template").predict(case(hidden[None], "gap"), call("beat-template"))[0]
    assert np.allclose(estimate, signal, atol=1e-5)


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


def test_lead_regression_joins_by_a_line_where_no_other_lead_is_visible():
    signal = np.stack([0.1 * TIMES, 0.2 * TIMES])
    hidden = hide(signal, [(0, 1000, 1200), (1, 1000, 1200)])
    estimate = load("lead-regression").predict(
        case(hidden[None], "block"), call("lead-regression")
    )[0]
    assert np.abs(estimate - signal).max() < 0.1


def test_wiener_of_a_known_ar1_is_the_closed_form_conditional_mean():
    rho, lags = 0.9, np.arange(1 - SAMPLES, SAMPLES)
    known = (rho ** np.abs(lags))[None, None]
    lead = ar1(np.random.default_rng(4), 1, rho=rho)[0, 0]
    start, stop = 1000, 1040
    seen = np.r_[start - 50 : start, stop : stop + 50]
    asked = np.arange(start, stop)
    zero = np.zeros_like
    estimate = kriging.conditional_mean(
        lead[seen], (zero(seen), seen), (zero(asked), asked), known, 0.0
    )
    before, after = asked - (start - 1), stop - asked
    both = 1 - rho ** (2 * (before + after))
    expected = rho**before * (1 - rho ** (2 * after)) / both * lead[start - 1]
    expected += rho**after * (1 - rho ** (2 * before)) / both * lead[stop]
    assert np.allclose(estimate, expected, atol=1e-9)


def test_wiener_with_a_strong_prior_interpolates_an_ar1_as_its_training_covariance_says():
    rng = np.random.default_rng(5)
    known = kriging.covariance(ar1(rng, 200))
    lags = np.array([0, 1, 5, 20])
    assert np.allclose(known[0, 0, SAMPLES - 1 + lags], 0.9**lags, atol=0.03)
    window = ar1(rng, 1)[0]
    hidden = hide(window, [(0, 1000, 1004)])
    estimate = stretches.complete(hidden, known, RATE, prior=1e7, nugget=1e-6, thin=1)[0, 1000:1004]
    before, after = np.arange(1, 5), np.arange(4, 0, -1)
    both = 1 - 0.9 ** (2 * 5)
    expected = 0.9**before * (1 - 0.9 ** (2 * after)) / both * window[0, 999]
    expected += 0.9**after * (1 - 0.9 ** (2 * before)) / both * window[0, 1004]
    assert np.abs(estimate - expected).max() < 0.15


def test_wiener_adapted_covariances_are_positive_semidefinite():
    window = ar1(np.random.default_rng(6), 1, leads=2)[0]
    known = kriging.covariance(ar1(np.random.default_rng(7), 5, leads=2))
    window[np.random.default_rng(8).random(window.shape) < 0.75] = np.nan
    adapted = kriging.adapt(window, known, 20, 60, 30.0)
    when, lead = np.tile(np.arange(40), 2), np.repeat([0, 1], 40)
    gram = adapted[lead[:, None], lead, 59 + when[:, None] - when]
    assert np.linalg.eigvalsh(gram).min() > -1e-9


def test_wiener_points_and_periodic_gaps_beat_the_straight_line(trained):
    rng = np.random.default_rng(9)
    signal = ecg(shift=0.3)
    scattered = np.where(rng.random(signal.shape) < 0.75, np.nan, signal)
    for hides, hidden in (
        ("points", scattered),
        ("gap", hide(signal, [(0, 1100, 1500), (1, 1100, 1500)])),
    ):
        estimate = load("wiener").predict(case(hidden[None], hides), call("wiener", trained))[0]
        mask = np.isnan(hidden)
        assert error(signal, estimate, mask) < 0.8 * error(signal, bridge(hidden), mask)


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


@pytest.mark.parametrize("name", ["wavelet-denoise", "bandpass", "wiener"])
def test_denoising_flat_and_huge_leads_is_finite(name, trained):
    signal = np.stack([np.zeros((2, SAMPLES)), 1e4 * ecg(), np.full((2, SAMPLES), -3.0)])
    estimate = load(name).predict(case(signal, "noise", snr=0.0), call(name, trained))
    assert np.isfinite(estimate.astype(np.float32)).all()
    assert np.allclose(estimate[2], -3.0, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_valid(name):
    from benchmarks.contract import MethodCard
    from benchmarks.contract import load as read

    card = read(MethodCard, METHODS / name / "method.yaml")
    assert card.name == name and name in json.loads((METHODS / name / "params.json").read_text())
