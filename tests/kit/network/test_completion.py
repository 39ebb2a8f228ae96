"""What learned completion methods share: how windows are hidden, what a network sees of them, what
its loss counts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from benchmarks.contract import COMPLETION
from benchmarks.scenarios import of_task
from methods.kit.contract.windows import Windows
from methods.kit.network import completion
from methods.kit.network.completion import Hider, highpass, inputs_of, krige, loss_of
from methods.kit.signal import masks
from methods.kit.signal.baseline import bridge
from tests.helpers.signals import RATE, SAMPLES, windows

TRAINING = Windows(windows(np.random.default_rng(9), 12), [["MLII", "V1"]] * 12, None, RATE, None)
COVARIANCE = completion.covariance_of(TRAINING, np.random.default_rng(9))
SCENARIOS = [s.model_dump() for task in COMPLETION for s in of_task(task, 2)]


def hider() -> Hider:
    noise = np.random.default_rng(8).normal(0, 3, (3, 2, 4 * SAMPLES)).astype(np.float32)
    return Hider(SCENARIOS, noise, RATE, COVARIANCE)


@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda k: k["name"])
def test_input_knows_nothing_of_what_is_hidden(kind: dict):
    """What a network sees depends on no hidden sample (X-2) and is finite where a lead is flat
    (X-11)."""
    rng = np.random.default_rng(2)
    clean = windows(rng, 1)[0]
    clean[1] = 0.3
    shown, wanted = hider().spoil(clean, np.array([0.05, 0.0025]), kind, np.random.default_rng(4))
    assert wanted.any()
    inputs = inputs_of(shown[None], [kind], RATE, COVARIANCE)
    if kind["hides"] != "noise":
        assert np.isnan(shown[wanted]).all()
        other = np.where(wanted, clean + rng.normal(0, 5, clean.shape).astype(np.float32), clean)
        again, _ = hider().spoil(other, np.array([0.05, 0.0025]), kind, np.random.default_rng(4))
        np.testing.assert_array_equal(shown, again)
        np.testing.assert_array_equal(inputs.base[0].numpy()[~wanted], clean[~wanted])
    assert inputs.channels.shape == (1, completion.channels_of(2), SAMPLES)
    assert all(torch.isfinite(part).all() for part in (inputs.channels, inputs.base, inputs.scale))


def test_a_perfect_answer_completes_the_window():
    clean = windows(np.random.default_rng(3), len(SCENARIOS))
    channels, target, wanted = hider().ask(clean, SCENARIOS, np.random.default_rng(4))
    assert len(channels) == len(target) == len(wanted) == len(SCENARIOS)
    assert (
        float(loss_of(target, target, wanted, RATE))
        < 2e-3
        < 0.05
        < float(loss_of(0 * target, target, wanted, RATE))
    )


def test_noise_has_the_asked_ratio():
    clean = windows(np.random.default_rng(2), 1)[0]
    kind = next(k for k in SCENARIOS if k["name"] == "snr-6")
    power = highpass(torch.from_numpy(clean), RATE).var(-1, correction=0).numpy()
    shown, _ = hider().spoil(clean, power, kind, np.random.default_rng(3))
    added = highpass(torch.from_numpy(shown - clean), RATE).var(-1, correction=0).numpy()
    np.testing.assert_allclose(10 * np.log10(power / added), 6, atol=0.01)
    with pytest.raises(FileNotFoundError, match=r"noise\.npy"):
        Hider(SCENARIOS, None, RATE, COVARIANCE).spoil(clean, power, kind, np.random.default_rng(3))


def test_a_lost_lead_starts_from_its_median_beat():
    kind = next(k for k in SCENARIOS if k["hides"] == "lead")
    _, target, wanted = hider().ask(
        windows(np.random.default_rng(5), 4), [kind] * 4, np.random.default_rng(4)
    )
    assert float(loss_of(0 * target, target, wanted, RATE)) < 0.4


def test_loss_counts_wanted_samples_only():
    """Visible samples change no loss: the error is that of the hidden ones alone (X-1, T0-7)."""
    rng = torch.Generator().manual_seed(0)
    answer, target = torch.randn(2, 3, 2, 1000, generator=rng)
    wanted = torch.rand(3, 2, 1000, generator=rng) > 0.7
    value = loss_of(answer, target, wanted, RATE)
    assert loss_of(answer, torch.where(wanted, target, target + 9), wanted, RATE) == value
    assert loss_of(answer, torch.where(wanted, 2 * target, target), wanted, RATE) != value


def test_high_pass_is_the_scorers():
    from scipy.signal import butter, sosfiltfilt

    signal = windows(np.random.default_rng(1), 3).astype(float)
    signal += np.sin(np.arange(SAMPLES) / 400)
    expected = sosfiltfilt(butter(2, 0.5, "high", fs=RATE, output="sos"), signal)
    found = highpass(torch.from_numpy(signal), RATE).numpy()
    np.testing.assert_allclose(found[..., 250:-250], expected[..., 250:-250], atol=0.02)


def test_a_window_without_a_visible_sample_is_finite():
    """A lead of which nothing is visible gives finite inputs (X-11)."""
    kind = next(k for k in SCENARIOS if k["hides"] == "block")
    for nothing in (slice(0, 1), slice(0, 2)):
        shown = windows(np.random.default_rng(5), 1)
        shown[:, nothing] = np.nan
        inputs = inputs_of(shown, [kind], RATE, COVARIANCE)
        assert all(
            torch.isfinite(part).all() for part in (inputs.channels, inputs.base, inputs.scale)
        )


def test_single_samples_are_known_from_those_around_them_better_than_by_lines():
    smooth = [
        gaussian_filter1d(windows(np.random.default_rng(seed), 12), 2).astype(np.float32)
        for seed in (3, 9)
    ]
    clean, covariance = (
        smooth[0],
        completion.covariance_of(replace(TRAINING, signal=smooth[1]), np.random.default_rng(9)),
    )
    kind = next(kind for kind in SCENARIOS if kind["hides"] == "points")
    rng = np.random.default_rng(4)
    shown = np.where(
        np.stack([masks.hidden(kind, rng, window.shape, RATE) for window in clean]), np.nan, clean
    )
    kriged = krige(shown, "points", covariance, RATE)
    unseen = np.isnan(shown)
    np.testing.assert_array_equal(kriged[~unseen], clean[~unseen])
    assert np.std((kriged - clean)[unseen]) < 0.95 * np.std((bridge(shown) - clean)[unseen])


@pytest.mark.parametrize("name", ["block-40", "lead-1", "lead-2"])
def test_the_base_is_nearer_to_what_is_hidden_than_lines(name: str):
    kind = next(kind for kind in SCENARIOS if kind["name"] == name)
    clean, rng = windows(np.random.default_rng(3), 12), np.random.default_rng(4)
    unseen = np.stack([masks.hidden(kind, rng, window.shape, RATE) for window in clean])
    shown = np.where(unseen, np.nan, clean)
    base = inputs_of(shown, [kind] * 12, RATE, COVARIANCE).base.numpy()
    assert np.std((base - clean)[unseen]) < 0.8 * np.std((bridge(shown) - clean)[unseen])


def test_where_no_lead_is_visible_a_block_takes_no_median_beat():
    """Its beats can't be placed there: kriging alone, which tends to nothing, is the better
    guess."""
    kind = next(kind for kind in SCENARIOS if kind["name"] == "block-40")
    shown = windows(np.random.default_rng(3), 1)
    shown[0, 0, 500:1500] = np.nan
    shown[0, 1, 1000:2000] = np.nan
    base = inputs_of(shown, [kind], RATE, COVARIANCE).base[0].numpy()
    kriged = krige(shown, "block", COVARIANCE, RATE)[0]
    np.testing.assert_allclose(base[:, 1000:1500], kriged[:, 1000:1500], atol=1e-5)
    assert np.abs(base[0, 500:1000] - kriged[0, 500:1000]).max() > 0.05
