"""How often the procedures are right in simulated worlds whose truth is known, with 22 patients as
mitdb's test set.

The figures that the board prints (`leaderboard.analysis.statistics.COVERAGE`) are those found here.
"""

import numpy as np
import pytest

from benchmarks.metrics.heartbeats import macro_f1
from leaderboard.analysis.comparisons import (
    LEVEL,
    better_pairs,
    draw_swaps,
    rank_sets,
    sign_flip_p,
    swap_p,
)
from leaderboard.analysis.statistics import (
    COVERAGE,
    estimate,
    interval,
    jackknife_macro_f1,
    patient_mean_interval,
    pseudo_values,
)
from tests.helpers import simulated_scores as worlds

ROWS = 8
EQUAL, TIERS = np.zeros(ROWS), np.repeat([0.0, 1.0], ROWS // 2)
MOST = 0.06  # family-wise error that is still 5 %, a thousand repetitions knowing it to ±0.7 points


def claimed(p: list[float]) -> bool:
    """Whether Holm rejects anything: its first step is Bonferroni's. (`holm` says the same, fifty
    times slower.)"""
    return min(p) * len(p) < LEVEL


def test_the_interval_of_a_mean_error():
    errors = worlds.errors(np.random.default_rng(22), 3000, np.zeros(1))[:, 0]
    own = worlds.OWN / 2**0.5
    # Of a normal and a gamma exponent.
    truth = np.exp(worlds.SHARED**2 / 2) * np.exp(-2 * own) / (1 - own) ** 2
    intervals = np.array([patient_mean_interval(each)[1:] for each in errors])
    covered = np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))
    assert 0.92 <= covered <= 0.98
    assert covered == pytest.approx(COVERAGE["mean"], abs=0.01)


def test_the_interval_of_a_pooled_macro_f1_covers_what_its_label_says():
    rng = np.random.default_rng(2026)
    truth = float(macro_f1(worlds.beats(rng, 1, patients=300_000)[0, 0].sum(0)))
    intervals = np.array([jackknife_macro_f1(each)[1:] for each in worlds.beats(rng, 4000)[:, 0]])
    covered = np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1]))
    assert covered == pytest.approx(COVERAGE["pooled"], abs=0.01)


def paired_skill() -> float:
    errors = np.log(worlds.errors(np.random.default_rng(23), 3000, np.array([0, 0.05])))
    intervals = np.array([interval(estimate(each)) for each in errors[:, 1] - errors[:, 0]])
    return float(np.mean((intervals[:, 0] <= 0.05) & (intervals[:, 1] >= 0.05)))


def paired_macro_f1() -> float:
    rng, gain = np.random.default_rng(2027), np.array([0.3, 0])
    truth = -np.diff(macro_f1(worlds.beats(rng, 1, 2, 200_000, gain)[0].sum(1)))[0]
    covered = []
    for one, other in worlds.beats(rng, 2000, 2, gain=gain):
        (value, pseudo), (its_value, its_pseudo) = pseudo_values(one), pseudo_values(other)
        low, high = interval(estimate(pseudo - its_pseudo, value - its_value))
        covered.append(low <= truth <= high)
    return float(np.mean(covered))


def test_paired_intervals():
    covered = [paired_skill(), paired_macro_f1()]
    assert all(0.92 <= each <= 0.98 for each in covered)
    assert min(covered) == pytest.approx(COVERAGE["paired"], abs=0.01)


def holm_of_skill() -> float:
    rng = np.random.default_rng(24)
    logs = np.log(worlds.errors(rng, 1000, EQUAL))
    return float(
        np.mean([claimed([sign_flip_p(row - rows[0], rng) for row in rows[1:]]) for rows in logs])
    )


def holm_of_macro_f1() -> float:
    rng = np.random.default_rng(25)
    swaps = draw_swaps(worlds.PATIENTS, rng)[:1000]
    sets = worlds.beats(rng, 800, ROWS)
    return float(
        np.mean(
            [claimed([swap_p(row[None], rows[[0]], swaps) for row in rows[1:]]) for rows in sets]
        )
    )


def rank_sets_of_skill(steps: np.ndarray) -> tuple[float, float, float]:
    """Share of boards with a false winner, with every rank covered, and with every rank covered by
    the naive sets."""
    rng = np.random.default_rng(26)
    found = []
    for logs in np.log(worlds.errors(rng, 1000, steps)):
        better = better_pairs(-logs, rng)
        found.append(
            (false_winner(better, -steps), *covered(rank_sets(better), naive(-logs, rng), -steps))
        )
    return tuple(np.mean(found, axis=0))


def rank_sets_of_macro_f1(gain: np.ndarray) -> tuple[float, float]:
    rng = np.random.default_rng(27)
    found = []
    for rows in worlds.beats(rng, 700, ROWS, gain=gain):
        each = [pseudo_values(row) for row in rows]
        values, pseudo = (
            np.array([value for value, _ in each]),
            np.stack([many for _, many in each]),
        )
        better = better_pairs(pseudo, rng, values)
        found.append(
            (false_winner(better, gain), covered(rank_sets(better), rank_sets(better), gain)[0])
        )
    return tuple(np.mean(found, axis=0))


def false_winner(better: np.ndarray, truth: np.ndarray) -> bool:
    return bool(np.any(better & (truth[:, None] <= truth)))


def covered(sets: np.ndarray, others: np.ndarray, truth: np.ndarray) -> tuple[bool, bool]:
    """Whether all sets hold every rank that a row has: of equal rows, any of theirs."""
    first, last = 1 + (truth > truth[:, None]).sum(1), len(truth) - (truth < truth[:, None]).sum(1)
    held, also = (
        bool(np.all((these[:, 0] <= first) & (last <= these[:, 1]))) for these in (sets, others)
    )
    return held, also


def naive(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What we don't do: percentiles of the ranks in bootstraps of the patients."""
    draws = rng.multinomial(scores.shape[1], np.full(scores.shape[1], 1 / scores.shape[1]), 500)
    ranks = (-draws @ scores.T).argsort(1).argsort(1) + 1
    return np.percentile(ranks, [2.5, 97.5], axis=0).T


def test_families_of_comparisons():
    """Holm against a reference, and all pairs at once: false claims where all rows are equal, or
    equal in two tiers."""
    wrong = {"holm, skill": holm_of_skill(), "holm, macro-F1": holm_of_macro_f1()}
    wrong["ranks, skill"], all_equal, naive_equal = rank_sets_of_skill(EQUAL)
    wrong["ranks, skill, tiers"], in_tiers, naive_tiers = rank_sets_of_skill(0.05 * TIERS)
    wrong["ranks, macro-F1"], pooled_equal = rank_sets_of_macro_f1(EQUAL)
    wrong["ranks, macro-F1, tiers"], pooled_tiers = rank_sets_of_macro_f1(0.8 * TIERS)
    assert max(wrong.values()) < MOST, wrong
    assert max(wrong.values()) == pytest.approx(COVERAGE["family_wise"], abs=0.01), wrong
    assert min(all_equal, in_tiers, pooled_equal, pooled_tiers) > 0.94
    assert naive_equal < 0.05 and naive_tiers < 0.4
