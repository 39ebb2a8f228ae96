"""The intervals: by hand, and beside scipy's."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.metrics.heartbeats import macro_f1
from leaderboard.analysis.statistics import (
    estimate,
    interval,
    jackknife_macro_f1,
    patient_mean_interval,
    pseudo_values,
)
from tests.helpers import simulated_scores as worlds


def test_t_interval_is_scipys():
    values = np.array([0.9, 1.1, 0.7, 1.3, 1.0])
    mean, low, high = patient_mean_interval(values)
    expected = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))
    assert (mean, low, high) == pytest.approx((1.0, *expected))
    assert patient_mean_interval(np.append(values, np.nan)) == (mean, low, high)


def test_a_paired_interval_is_scipys():
    one, other = np.random.default_rng(0).normal(size=(2, 22))
    expected = stats.ttest_rel(one, other).confidence_interval(0.9)
    assert interval(estimate(one - other), 0.9) == pytest.approx(tuple(expected))


def test_one_patient_has_no_interval():
    mean, low, high = patient_mean_interval(np.array([0.4]))
    assert mean == 0.4 and math.isnan(low) and math.isnan(high)
    assert all(math.isnan(number) for number in patient_mean_interval(np.array([np.nan])))
    value, low, high = jackknife_macro_f1(np.eye(5, dtype=int)[None])
    assert value == 1.0 and math.isnan(low) and math.isnan(high)


def test_jackknife_by_hand():
    # One class that is confused with N: macro-F1 of pooled beats, leaving out each of three
    # patients.
    confusions = np.zeros((3, 5, 5), int)
    confusions[:, 0, 0], confusions[:, 1, 1] = 10, [5, 4, 3]
    confusions[:, 1, 0] = [0, 1, 2]
    without = [float(macro_f1(np.delete(confusions, k, 0).sum(0))) for k in range(3)]
    value = float(macro_f1(confusions.sum(0)))
    half = stats.t.ppf(0.975, 2) * math.sqrt(2 / 3 * sum((one - value) ** 2 for one in without))
    assert jackknife_macro_f1(confusions) == pytest.approx(
        (value, value - half, min(value + half, 1.0))
    )


def test_equal_patients_leave_no_doubt():
    confusions = np.tile(np.diag([50, 5, 5, 2, 1]), (8, 1, 1))
    confusions[:, 0, 1] = 5
    value, low, high = jackknife_macro_f1(confusions)
    assert low == pytest.approx(value) == high


def test_patients_count_and_not_beats():
    few = worlds.beats(np.random.default_rng(8), 1)[0, 0]
    assert jackknife_macro_f1(100 * few) == pytest.approx(jackknife_macro_f1(few))


def test_seeds_are_averaged_before_patients_are_left_out():
    seeds = worlds.beats(np.random.default_rng(9), 1, rows=3)[0]
    value, pseudo = pseudo_values(seeds)
    each = [pseudo_values(seed) for seed in seeds]
    assert value == pytest.approx(np.mean([one for one, _ in each]))
    np.testing.assert_allclose(pseudo, np.mean([many for _, many in each], axis=0))
    # Three runs of one model are no three samples of patients.
    assert pseudo_values(np.stack([seeds[0]] * 3))[1] == pytest.approx(each[0][1])
    assert jackknife_macro_f1(np.stack([seeds[0]] * 3)) == pytest.approx(
        jackknife_macro_f1(seeds[0])
    )


def test_a_patient_without_whom_no_class_is_left_is_not_left_out():
    confusions = worlds.beats(np.random.default_rng(10), 1)[0, 0, :3].copy()
    confusions[1:] = 0
    confusions[1:, 4, 4] = 5  # Q is not averaged
    value, pseudo = pseudo_values(confusions)
    assert math.isnan(pseudo[0]) and pseudo[1:] == pytest.approx(value)
    assert estimate(pseudo, value).patients == 2
