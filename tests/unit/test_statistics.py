"""The intervals: by hand, and by how often they hold the truth of a simulated world."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.beat_metrics import macro_f1
from leaderboard.statistics import APPROXIMATE_COVERAGE, jackknife_macro_f1, patient_mean_interval

PATIENTS = 22
BEATS = 2000


def test_t_interval_is_scipys():
    values = np.array([0.9, 1.1, 0.7, 1.3, 1.0])
    mean, low, high = patient_mean_interval(values)
    expected = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))
    assert (mean, low, high) == pytest.approx((1.0, *expected))
    assert patient_mean_interval(np.append(values, np.nan)) == (mean, low, high)


def test_one_patient_has_no_interval():
    mean, low, high = patient_mean_interval(np.array([0.4]))
    assert mean == 0.4 and math.isnan(low) and math.isnan(high)
    assert all(math.isnan(number) for number in patient_mean_interval(np.array([np.nan])))
    value, low, high = jackknife_macro_f1(np.eye(5, dtype=int)[None])
    assert value == 1.0 and math.isnan(low) and math.isnan(high)


def test_jackknife_by_hand():
    # One class that is confused with N: macro-F1 of pooled beats, leaving out each of three patients.
    confusions = np.zeros((3, 5, 5), int)
    confusions[:, 0, 0], confusions[:, 1, 1] = 10, [5, 4, 3]
    confusions[:, 1, 0] = [0, 1, 2]
    without = [float(macro_f1(np.delete(confusions, k, 0).sum(0))) for k in range(3)]
    value = float(macro_f1(confusions.sum(0)))
    half = stats.t.ppf(0.975, 2) * math.sqrt(2 / 3 * sum((one - value) ** 2 for one in without))
    assert jackknife_macro_f1(confusions) == pytest.approx((value, value - half, min(value + half, 1.0)))


def test_equal_patients_leave_no_doubt():
    confusions = np.tile(np.diag([50, 5, 5, 2, 1]), (8, 1, 1))
    confusions[:, 0, 1] = 5
    value, low, high = jackknife_macro_f1(confusions)
    assert low == pytest.approx(value) == high


def test_patients_count_and_not_beats():
    few = simulated_patients(np.random.default_rng(8), PATIENTS)
    assert jackknife_macro_f1(100 * few) == pytest.approx(jackknife_macro_f1(few))


def simulated_patients(rng: np.random.Generator, count: int) -> np.ndarray:
    """Confusions (count, 5, 5) of patients who differ: few hold most S, V and F beats, each has a skill of his own."""
    share = np.stack([rng.beta(0.15, 4, count), rng.beta(0.4, 4, count), rng.beta(0.08, 6, count)], 1)
    share *= np.minimum(1, 0.9 / np.maximum(share.sum(1, keepdims=True), 1e-9))
    true = rng.multinomial(BEATS, np.concatenate([1 - share.sum(1, keepdims=True), share], 1))
    skill = np.array([3.5, 0.8, 2.2, 0.0]) + rng.normal(0, 1, (count, 4)) + rng.normal(0, 0.5, (count, 1))
    found = 1 / (1 + np.exp(-skill))
    # Where a beat of each class goes if it is missed.
    elsewhere = np.array([[0, 0.5, 0.4, 0.1], [0.8, 0, 0.15, 0.05], [0.6, 0.2, 0, 0.2], [0.5, 0.05, 0.45, 0]])
    confusions = np.zeros((count, 5, 5), np.int64)
    for k in range(4):
        chances = elsewhere[k] * (1 - found[:, [k]])
        chances[:, k] = found[:, k]
        confusions[:, k, :4] = rng.multinomial(true[:, k], chances)
    return confusions


def test_the_pooled_interval_covers_what_its_label_says():
    rng = np.random.default_rng(2026)
    truth = float(macro_f1(simulated_patients(rng, 300_000).sum(0)))
    covered = []
    for _ in range(1500):
        _, low, high = jackknife_macro_f1(simulated_patients(rng, PATIENTS))
        covered.append(low <= truth <= high)
    # 1 500 repetitions know a coverage to ±0.8 points (one standard error).
    assert np.mean(covered) == pytest.approx(APPROXIMATE_COVERAGE, abs=0.02)


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_the_t_interval_of_errors_covers(spread: float):
    """Errors of patients, skewed as nRMSE is: log-normal, some patients being noisy."""
    rng = np.random.default_rng(22)
    values = rng.lognormal(0, spread, (3000, PATIENTS))
    assert 0.92 <= coverage(values, math.exp(spread**2 / 2)) <= 0.98


def test_the_t_interval_of_paired_differences_covers():
    rng = np.random.default_rng(23)
    shared = rng.lognormal(0, 0.4, (3000, PATIENTS))
    one = shared * rng.lognormal(0.05, 0.1, shared.shape)
    other = shared * rng.lognormal(0, 0.1, shared.shape)
    # Log-ratios per patient, so that one noisy record does not decide.
    assert 0.92 <= coverage(np.log(one / other), 0.05) <= 0.98


def coverage(values: np.ndarray, truth: float) -> float:
    """How often the interval of one simulated test set (a row) holds the truth."""
    intervals = [patient_mean_interval(row) for row in values]
    return float(np.mean([low <= truth <= high for _, low, high in intervals]))
