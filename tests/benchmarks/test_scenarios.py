"""What each scenario hides."""

import numpy as np
import pytest

from benchmarks.baseline import baseline_filter, lead_scale
from benchmarks.contract import COMPLETION
from benchmarks.metrics.table import primary_metric
from benchmarks.scenarios import hidden, of_task, scenarios, spoil
from benchmarks.seeds import generator
from benchmarks.settings import RATE, SAMPLES

BY_NAME = {scenario.name: scenario for scenario in scenarios(2)}


def draw(name: str, window: int = 0, leads: int = 2) -> np.ndarray:
    return hidden(BY_NAME[name], generator("test", name, window), leads, SAMPLES, RATE)


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return list(zip(edges[::2], edges[1::2], strict=True))


def test_there_are_thirteen_completion_scenarios_on_two_leads():
    assert len(BY_NAME) == 13
    assert [len(of_task(task, 2)) for task in COMPLETION] == [3, 8, 2]
    assert [s.name for s in of_task("reconstruction", 3) if s.hides == "lead"] == [
        "lead-1",
        "lead-2",
        "lead-3",
    ]


def test_points_hide_three_quarters_of_each_lead_its_own():
    mask = draw("points-75")
    assert (mask.sum(axis=1) == 1875).all()
    assert (mask[0] != mask[1]).any()


@pytest.mark.parametrize(("name", "length"), [("gap-10", 250), ("gap-30", 750)])
def test_a_gap_lies_in_all_leads_a_second_from_either_end(name, length):
    for window in range(200):
        mask = draw(name, window)
        ((start, end),) = runs(mask[0])
        assert end - start == length and (mask[0] == mask[1]).all()
        assert start >= 250 and end <= SAMPLES - 250


def test_patches_hide_four_of_ten_seconds_in_all_leads():
    mask = draw("patches-40")
    assert (mask[0] == mask[1]).all()
    assert sorted(mask[0].reshape(10, 250).sum(axis=1)) == [0] * 6 + [250] * 4


def test_blocks_lie_in_places_of_their_own():
    masks = [draw("block-40", window) for window in range(20)]
    for mask in masks:
        assert (
            all(end - start == 1000 for lead in mask for start, end in runs(lead))
            and mask.sum() == 2000
        )
    assert any((mask[0] != mask[1]).any() for mask in masks)


@pytest.mark.parametrize(("name", "lead"), [("lead-1", 0), ("lead-2", 1)])
def test_a_lead_falls_off_after_four_seconds(name, lead):
    mask = draw(name)
    assert runs(mask[lead]) == [(1000, 2500)] and not mask[1 - lead].any()


@pytest.mark.parametrize(("name", "length"), [("forecast-20", 500), ("forecast-50", 1250)])
def test_the_future_is_hidden_in_all_leads(name, length):
    assert all(runs(lead) == [(SAMPLES - length, SAMPLES)] for lead in draw(name))


@pytest.mark.parametrize("snr", [12, 6, 0, -6])
def test_noise_is_added_at_its_snr_and_hides_nothing(snr):
    rng = np.random.default_rng(0)
    clean = np.cumsum(rng.normal(size=(2, SAMPLES)), axis=1) * 0.02
    noise = rng.normal(size=(2, SAMPLES)) + 3
    filtered, filtered_noise = baseline_filter(clean, RATE), baseline_filter(noise, RATE)
    added = spoil(clean, filtered, noise, filtered_noise, snr) - clean
    power = baseline_filter(added, RATE).var(axis=1)
    np.testing.assert_allclose(10 * np.log10(filtered.var(axis=1) / power), snr, atol=1e-6)
    assert not draw(f"snr-{'minus-' if snr < 0 else ''}{abs(snr)}").any()


def test_a_flat_lead_gets_finite_noise():
    noise = np.random.default_rng(0).normal(size=(1, SAMPLES))
    spoilt = spoil(np.zeros((1, SAMPLES)), np.zeros((1, SAMPLES)), noise, noise, 0)
    assert spoilt.std() == pytest.approx(0.05)


def test_masks_are_those_of_their_identity():
    assert (draw("block-40", 3) == draw("block-40", 3)).all()
    assert (draw("block-40", 3) != draw("block-40", 4)).any()


def test_whole_hidden_beats_are_ranked_by_the_warped_metric():
    warped = {
        name for name, scenario in BY_NAME.items() if primary_metric(scenario) == "warped_nrmse"
    }
    assert warped == {"gap-10", "gap-30", "patches-40", "forecast-20", "forecast-50"}


def test_the_baseline_filter_takes_offset_and_wander_and_the_scale_has_a_floor():
    t = np.arange(SAMPLES) / RATE
    beats = np.sin(2 * np.pi * 8 * t)
    wander = 3 + 2 * np.sin(2 * np.pi * 0.05 * t)
    middle = slice(500, 2000)
    np.testing.assert_allclose(
        baseline_filter(beats + wander, RATE)[middle], beats[middle], atol=0.06
    )
    np.testing.assert_allclose(
        lead_scale(np.stack([np.stack([beats, 0 * beats])] * 3)), [beats.std(), 0.05]
    )
