"""Tests, verdicts and rank sets: by hand, beside scipy and statsmodels, and on a published
example."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from benchmarks.metrics.heartbeats import macro_f1
from leaderboard.analysis import comparisons
from leaderboard.analysis.comparisons import (
    better_pairs,
    draw_swaps,
    holm,
    leader_change,
    rank_sets,
    sign_flip_p,
    swap_p,
)
from leaderboard.analysis.statistics import Estimate, estimate, pseudo_values
from tests.helpers import simulated_scores as worlds

# Mathematics in PISA 2018, mean and standard error of the 37 OECD countries, as the R package
# csranks brings them for the example of Mogstad, Romano, Shaikh & Wilhelm 2023
# (doi:10.1093/restud/rdad006).
PISA = """
Australia 491.3600 1.939833, Austria 498.9423 2.970999, Belgium 508.0703 2.262662,
Canada 512.0169 2.357476, Chile 417.4066 2.415888, Colombia 390.9323 2.989559,
Czechia 499.4677 2.460662, Denmark 509.3984 1.735002, Estonia 523.4146 1.743602,
Finland 507.3014 1.967920, France 495.4076 2.320214, Germany 500.0438 2.647083,
Greece 451.3703 3.091228, Hungary 481.0826 2.319597, Iceland 495.1874 1.953083,
Ireland 499.6329 2.198621, Israel 463.0345 3.498563, Italy 486.5899 2.780046,
Japan 526.9733 2.471475, Korea 525.9330 3.121394, Latvia 496.1263 1.962767,
Lithuania 481.1912 1.953282, Luxembourg 483.4215 1.097632, Mexico 408.8015 2.493226,
Netherlands 519.2310 2.632278, NewZealand 494.4897 1.705943, Norway 500.9638 2.219045,
Poland 515.6479 2.602085, Portugal 492.4874 2.684570, Slovakia 486.1649 2.555596,
Slovenia 508.8975 1.363878, Spain 481.3926 1.462418, Sweden 502.3877 2.654251,
Switzerland 515.3147 2.908004, Turkey 453.5078 2.260407, UnitedKingdom 501.7699 2.564428,
UnitedStates 478.2447 3.235444
"""


def pisa() -> tuple[list[str], np.ndarray, np.ndarray]:
    entries = [entry.split() for entry in PISA.replace("\n", " ").split(",")]
    return [e[0] for e in entries], *np.array([[float(e[1]), float(e[2])] for e in entries]).T


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("patients", [2, 5, 8, 11])
def test_sign_flips_are_scipys_where_it_counts_them_all(patients):
    for differences in rng(patients).normal(0.5, 1, (5, patients)):
        exact = stats.permutation_test(
            (differences,), np.sum, permutation_type="samples", n_resamples=np.inf
        )
        assert sign_flip_p(differences, rng()) == pytest.approx(exact.pvalue)


def test_sign_flips_of_22_patients_are_counted_and_not_drawn():
    differences = rng(1).normal(0.3, 1, 22)
    assert sign_flip_p(np.abs(differences), rng()) == 2 / 2**22
    drawn = stats.permutation_test(
        (differences,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=40_000,
        rng=rng(),
    )
    assert sign_flip_p(differences, rng()) == pytest.approx(drawn.pvalue, abs=0.01)


def test_sign_flips_of_many_patients_are_drawn_with_the_generator():
    differences = rng(2).normal(0.3, 1, 60)
    assert sign_flip_p(differences, rng(5)) == sign_flip_p(differences, rng(5))
    assert sign_flip_p(differences, rng(5)) == pytest.approx(
        stats.ttest_1samp(differences, 0).pvalue, abs=0.01
    )
    assert sign_flip_p(np.ones(60), rng()) == 1 / 10_000


def test_sign_flips_leave_out_undefined_patients_and_count_ties():
    assert sign_flip_p(np.array([1.0, np.nan, 2.0, 3.0]), rng()) == 2 / 2**3
    # 0.1 + 0.2 − 0.3 is not 0 in floating point: each flip that sums to ±0.6 or to "0" must be told
    # apart by more.
    assert sign_flip_p(np.array([0.1, 0.2, -0.3]), rng()) == 1
    assert sign_flip_p(np.zeros(22), rng()) == 1
    assert math.isnan(sign_flip_p(np.array([1.0]), rng()))


def test_swaps_by_hand():
    """Two patients, four swaps: none and both part the rows as far, one alone less."""
    mine, theirs = np.zeros((2, 1, 2, 5, 5), int)
    mine[0, :, 0, 0], mine[0, :, 1, 1] = 10, [8, 8]
    mine[0, :, 1, 0] = [2, 2]
    theirs[0, :, 0, 0], theirs[0, :, 1, 1] = 10, [4, 5]
    theirs[0, :, 1, 0] = [6, 5]
    swaps = draw_swaps(2, rng())
    assert swaps.tolist() == [[0, 0], [1, 0], [0, 1], [1, 1]]
    assert swap_p(mine, theirs, swaps) == swap_p(theirs, mine, swaps) == 0.5
    assert swap_p(mine, mine, swaps) == 1


def test_swaps_are_those_of_scipy():
    """The same test by scipy, which permutes which row each patient's number came from."""
    one, other = worlds.beats(rng(3), 1, rows=2, patients=7)[0]

    def apart(a, b):
        first = np.where((a < 7)[:, None, None], one, other)
        second = np.where((b < 7)[:, None, None], one, other)
        return float(macro_f1(first.sum(0)) - macro_f1(second.sum(0)))

    order = np.arange(14).reshape(2, 7)
    exact = stats.permutation_test(
        (order[0], order[1]),
        apart,
        permutation_type="samples",
        vectorized=False,
        n_resamples=np.inf,
    )
    assert swap_p(one[None], other[None], draw_swaps(7, rng())) == pytest.approx(exact.pvalue)


def test_a_row_of_several_seeds_meets_a_row_of_one():
    one, other, third = worlds.beats(rng(4), 1, rows=3)[0]
    swaps = draw_swaps(22, rng())
    assert swaps.shape == (10_000, 22) and not swaps[0].any()
    single = swap_p(one[None], third[None], swaps)
    assert swap_p(np.stack([one, one]), third[None], swaps) == single
    assert swap_p(np.stack([one, other]), third[None], swaps) == swap_p(
        third[None], np.stack([one, other]), swaps
    )


def test_holm_by_hand():
    # 4 · 0.005, 3 · 0.01, 2 · 0.03, then at least the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    with_a_gap = holm([0.01, float("nan"), 0.04])
    assert (
        with_a_gap[0] == pytest.approx(0.02)
        and math.isnan(with_a_gap[1])
        and with_a_gap[2] == pytest.approx(0.04)
    )
    assert holm([]) == []


@pytest.mark.parametrize(
    ("value", "error", "p", "said"),
    [
        (0.00, 0.01, 0.9, "equivalent"),
        (0.03, 0.01, 0.001, "equivalent"),  # real, and too small to matter
        (0.03, 0.02, 0.9, "undecided"),  # t(0.95, 21) = 1.72: the interval ends at 0.064
        (0.20, 0.02, 0.001, "better"),
        (-0.20, 0.02, 0.001, "worse"),
        (0.20, 0.09, 0.07, "undecided"),
        (0.20, float("nan"), float("nan"), "undecided"),
    ],
)
def test_verdicts(value, error, p, said):
    assert (
        comparisons.verdict(Estimate(value, error, 22 if math.isfinite(error) else 1), p, 0.05)
        == said
    )


def test_equivalence_is_two_one_sided_tests():
    for differences in rng(6).normal(0.02, 0.06, (40, 22)):
        above = stats.ttest_1samp(differences, -0.05, alternative="greater").pvalue
        below = stats.ttest_1samp(differences, 0.05, alternative="less").pvalue
        said = comparisons.verdict(estimate(differences), 1.0, 0.05)
        assert (said == "equivalent") == (max(above, below) < 0.05)


@pytest.mark.parametrize("patients", [8, 22])
def test_the_smallest_detectable_difference_is_found_in_four_of_five_test_sets(patients):
    found = comparisons.smallest_detectable([0.5, 1.0, 3.0, float("nan")], patients)
    effect = found / math.sqrt(patients)  # of the median error, in standard deviations
    assert TTestPower().power(effect, patients, 0.05) == pytest.approx(0.8, abs=1e-6)
    sets = rng(7).normal(found, math.sqrt(patients), (20_000, patients))
    assert np.mean(stats.ttest_1samp(sets, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.01)


def test_there_is_no_detectable_difference_without_patients_or_comparisons():
    assert math.isnan(comparisons.smallest_detectable([1.0], 1)) and math.isnan(
        comparisons.smallest_detectable([], 9)
    )


def test_rank_sets_by_hand():
    """Estimates 10, 9, 5 and 4.9 with a standard error of 1 each, independent, and a critical value
    of 2.57 (of the range of four normal variables over √2, 3.63 / √2): pairs further apart than
    2.57 · √2 = 3.63 differ."""
    estimates = np.array([10, 9, 5, 4.9])
    better = estimates[:, None] - estimates > 3.63
    assert rank_sets(better).tolist() == [[1, 2], [1, 2], [3, 4], [3, 4]]
    estimates = np.array([10, 8, 5, 1])
    assert rank_sets(estimates[:, None] - estimates > 3.63).tolist() == [
        [1, 2],
        [1, 3],
        [2, 3],
        [4, 4],
    ]


def test_the_rank_sets_of_pisa_2018():
    """The worked example of the paper's authors, by patients made to have the countries' means and
    errors exactly.

    Known from csranks 1.2.2, vignette "Inference for Ranks" (95 %, step-down): Korea's and
    Germany's sets both contain rank 7; those of Chile, Mexico and Colombia overlap with no other
    country's; twelve countries may be among the first five. We take a single step, so a set of ours
    may be wider by a little: the first five may include the United Kingdom too. The sets of all
    countries are published as a figure that could not be read here, and csranks itself could not be
    run."""
    names, means, errors = pisa()
    count = 1000
    noise = rng(8).normal(size=(count, len(names)))
    basis, _ = np.linalg.qr(noise - noise.mean(0))
    people = means[:, None] + errors[:, None] * math.sqrt(count * (count - 1)) * basis.T
    sets = dict(zip(names, rank_sets(better_pairs(people, rng(9))).tolist(), strict=True))
    assert sets["Korea"] == [1, 7] and sets["Germany"][0] == 7
    last = {"Chile", "Mexico", "Colombia"}
    assert min(sets[name][0] for name in last) > max(
        high for name, (_, high) in sets.items() if name not in last
    )
    top = {
        "Belgium",
        "Canada",
        "Denmark",
        "Estonia",
        "Finland",
        "Japan",
        "Korea",
        "Netherlands",
        "Poland",
        "Slovenia",
        "Sweden",
        "Switzerland",
    }
    assert {name for name, (low, _) in sets.items() if low <= 5} == top | {"UnitedKingdom"}


def test_the_rank_of_one_country_of_pisa_2018():
    """The marginal set of the United Kingdom, 7 to 23 by the vignette's text (8 to 23 in its
    output, step-down): only its own comparisons count, with their critical value drawn from the
    normal distribution."""
    names, means, errors = pisa()
    uk = names.index("UnitedKingdom")
    error = np.hypot(errors, errors[uk])
    drawn = rng(10).normal(size=(50_000, len(names))) * errors
    t = np.abs(np.delete((drawn - drawn[:, [uk]]) / error, uk, axis=1)).max(1)
    apart = (means[uk] - means) / error
    better = np.zeros((len(names), len(names)), bool)
    better[uk], better[:, uk] = apart > np.quantile(t, 0.95), apart < -np.quantile(t, 0.95)
    assert rank_sets(better)[uk].tolist() == [7, 23]


def test_equal_rows_are_a_tie_and_far_rows_are_none():
    scores = np.tile(rng(11).normal(0, 1, 22), (3, 1))
    scores[2] += 3 + rng(12).normal(0, 0.1, 22)
    assert rank_sets(better_pairs(scores, rng())).tolist() == [[2, 3], [2, 3], [1, 1]]
    assert better_pairs(scores[:1], rng()).tolist() == [[False]]
    assert not better_pairs(scores[:, :1], rng()).any()


def test_a_pair_is_judged_by_the_patients_that_both_rows_have():
    scores = rng(13).normal(0, 0.1, (3, 22)) + np.array([[0.0], [1.0], [2.0]])
    scores[1, 5:] = np.nan
    better = better_pairs(scores, rng())
    assert better[2, 0] and not better[0, 2]
    scores[1, 1:] = np.nan
    assert rank_sets(better_pairs(scores, rng())).tolist() == [[2, 3], [1, 3], [1, 2]]


def test_who_leads_without_one_patient():
    values = np.array([[0.2, 0.2, 0.2, 0.9], [0.4, 0.4, 0.4, 0.1], [0.0, 0.0, 0.0, 0.0]])
    # Means 0.375, 0.325 and 0; without the last patient 0.2, 0.4 and 0.
    assert leader_change(values.mean(1), values) == (3, 1)
    assert leader_change(values[:1].mean(1), values[:1]) is None
    assert leader_change(np.array([1.0, 0.0]), np.array([[1.0, 1.0], [0.0, 0.0]])) is None


@pytest.mark.parametrize(("world", "depends"), [(14, False), (15, True), (18, True)])
def test_who_leads_without_one_patient_by_pooled_beats(world, depends):
    rows = worlds.beats(rng(world), 1, rows=4)[0]
    found = [pseudo_values(row) for row in rows]
    values, pseudo = np.array([value for value, _ in found]), np.stack([many for _, many in found])
    without = np.array([macro_f1(np.delete(rows, k, axis=1).sum(1)) for k in range(22)])
    leader = int(np.argmax(values))
    changes = [k for k in range(22) if int(np.argmax(without[k])) != leader]
    changed = leader_change(values, pseudo)
    assert (changed is not None) == bool(changes) == depends
    if changed:
        assert changed[0] in changes and changed[1] == int(np.argmax(without[changed[0]]))
