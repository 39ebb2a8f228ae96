"""Comparisons between rows, paired by patient: tests, verdicts, rank sets, and what decides them.

A row's scores are (patients,), greater being better, in a unit in which rows are subtracted from
each other: minus the logarithm of an error, or the pseudo-values of a pooled macro-F1
(`statistics.pseudo_values`). NaN is a patient for whom the metric is undefined: left out of every
pair with that row."""

from collections.abc import Sequence

import numpy as np

from benchmarks.metrics.heartbeats import macro_f1
from leaderboard.analysis.document import Verdict
from leaderboard.analysis.statistics import CONFIDENCE, Estimate, interval

LEVEL = 1 - CONFIDENCE  # of each family of tests
POWER = 0.8
RESAMPLES = 9999  # of a permutation test that can't be enumerated; with the observed one, 10 000
FLIPPED_EXACTLY = 26  # patients at most: two halves of 2^13 sums
SWAPPED_EXACTLY = 13
BOOTSTRAPS = 2000
ROUNDING = 1e-12  # two permutations that differ by less than this share are the same one


def sign_flip_p(differences: np.ndarray, rng: np.random.Generator) -> float:
    """Two-sided p of a zero mean of differences (patients,), by the share of sign flips that are as
    far from zero.

    The test is exact (Fisher 1935, The Design of Experiments, section 21) up to 26 patients: the
    sums of each half's flips are counted against the other's. Beyond, 9 999 flips are drawn. NaN
    for fewer than two patients."""
    defined = np.asarray(differences, np.float64)
    defined = defined[~np.isnan(defined)]
    if defined.size < 2:
        return float("nan")
    edge = abs(defined.sum()) - ROUNDING * np.abs(defined).sum()
    if defined.size > FLIPPED_EXACTLY:
        from scipy.stats import permutation_test

        drawn = permutation_test(
            (defined,),
            np.sum,
            permutation_type="samples",
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=1000,
            rng=rng,
        )
        return float((1 + np.sum(np.abs(drawn.null_distribution) >= edge)) / (1 + RESAMPLES))
    half = defined.size // 2
    left, right = _flips(defined[:half]), np.sort(_flips(defined[half:]))
    beyond = int(np.sum(right.size - np.searchsorted(right, edge - left)))
    return min(1.0, 2 * beyond / 2**defined.size)


def smallest_p(patients: int) -> float:
    """The smallest p that an exact permutation test of so many patients gives: all differences have
    one sign."""
    return 2 / 2**patients


def _flips(values: np.ndarray) -> np.ndarray:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def draw_swaps(patients: int, rng: np.random.Generator) -> np.ndarray:
    """The swaps (swaps, patients), 0 or 1, that `swap_p` tries: all of them up to 13 patients;
    beyond, the one that swaps nobody and 9 999 random ones."""
    if patients <= SWAPPED_EXACTLY:
        return (np.arange(2**patients)[:, None] >> np.arange(patients) & 1).astype(np.float64)
    drawn = rng.integers(0, 2, (RESAMPLES, patients))
    return np.concatenate([np.zeros((1, patients)), drawn])


def swap_p(first: np.ndarray, second: np.ndarray, swaps: np.ndarray) -> float:
    """Two-sided p of equal pooled macro-F1 from confusions (seeds, patients, 5, 5) of two rows: the
    share of `swaps` (`draw_swaps`) that part them as far, when the rows change places in the
    patients marked 1.

    This is the sign flip of a figure that is no mean over patients. Holm's family-wise error by it
    is below 5 % in our simulation, and 5–7 % by the p of the jackknife's t. Seeds meet in turn
    where one row has more."""
    seeds = max(len(first), len(second))
    first, second = (
        np.asarray(row, np.float64)[np.arange(seeds) % len(row)] for row in (first, second)
    )
    apart = np.zeros(len(swaps))
    for mine, theirs in zip(first, second, strict=True):
        shape = mine.shape[1:]
        moved = (swaps @ (theirs - mine).reshape(len(mine), -1)).reshape(-1, *shape)
        apart += macro_f1(mine.sum(0) + moved) - macro_f1(theirs.sum(0) - moved)
    # The first swap is none: the observed difference.
    return float(np.mean(np.abs(apart) >= abs(apart[0]) - ROUNDING * seeds))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p (1979, Scand. J. Statist. 6:65) of a family; NaN, a test that could not be
    made, stays so and is no part of it."""
    from statsmodels.stats.multitest import multipletests

    p = np.array(p_values, np.float64)
    defined = ~np.isnan(p)
    if defined.any():
        p[defined] = multipletests(p[defined], method="holm")[1]
    return p.tolist()


def verdict(difference: Estimate, adjusted_p: float, margin: float) -> Verdict:
    """What a difference says: `equivalent` where two one-sided tests at 5 % hold it inside ±margin
    (Schuirmann 1987, doi:10.1007/BF01068419: the 90 % interval lies inside), then `better` or
    `worse` by its adjusted p, else `undecided`. A difference that is real but too small to matter
    is equivalent."""
    low, high = interval(difference, 1 - 2 * LEVEL)
    if -margin < low and high < margin:
        return "equivalent"
    if adjusted_p < LEVEL:
        return "better" if difference.value > 0 else "worse"
    return "undecided"


def smallest_detectable(errors: Sequence[float], patients: int) -> float:
    """The difference that a paired t test of 5 % finds in 80 % of test sets of so many patients,
    for the median of these standard errors; NaN where there is none."""
    finite = [error for error in errors if np.isfinite(error)]
    if patients < 2 or not finite:
        return float("nan")
    from statsmodels.stats.power import TTestPower

    deviations = TTestPower().solve_power(
        nobs=patients, alpha=LEVEL, power=POWER, alternative="two-sided"
    )
    return float(deviations * np.sqrt(patients) * np.median(finite))


def better_pairs(
    scores: np.ndarray, rng: np.random.Generator, values: np.ndarray | None = None
) -> np.ndarray:
    """Which row is better than which, all pairs judged together: bool (rows, rows), [i, j] that i
    is better than j.

    `scores` (rows, patients); `values` (rows,) where a row's figure is not the mean of its scores.
    A pair differs where |t| exceeds the 95 % quantile of the largest |t| of all pairs in 2 000
    studentised bootstraps of the patients, in a single step (Romano & Wolf 2005,
    doi:10.1111/j.1468-0262.2005.00615.x)."""
    rows, patients = scores.shape
    first, second = np.triu_indices(rows, 1)
    better = np.zeros((rows, rows), bool)
    if not first.size or patients < 2:
        return better
    pairs = (scores[first] - scores[second]).T
    defined = ~np.isnan(pairs)
    count = defined.sum(0)
    draws = rng.multinomial(patients, np.full(patients, 1 / patients), BOOTSTRAPS).astype(
        np.float64
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(defined, pairs, 0).sum(0) / count
        value = mean if values is None else values[first] - values[second]
        error = np.sqrt(np.where(defined, (pairs - value) ** 2, 0).sum(0) / (count * (count - 1)))
        centred = np.where(defined, pairs - mean, 0)
        drawn = draws @ defined
        shift = draws @ centred / drawn
        variance = np.maximum(draws @ centred**2 / drawn - shift**2, 0)
        largest = np.nan_to_num(
            np.abs(shift) / np.sqrt(variance / (drawn - 1)), nan=0, posinf=np.inf
        ).max(1)
        statistic = value / error
    critical = np.quantile(largest, CONFIDENCE, method="higher")
    better[first, second] = statistic > critical
    better[second, first] = statistic < -critical
    return better


def rank_sets(better: np.ndarray) -> np.ndarray:
    """The ranks (rows, 2), first and last, that each row may have, all holding together with 95 %:
    from 1 + how many are better to K − how many are worse (Mogstad, Romano, Shaikh & Wilhelm 2023,
    doi:10.1093/restud/rdad006)."""
    return np.stack([1 + better.sum(0), len(better) - better.sum(1)], axis=1)


def leader_change(values: np.ndarray, pseudo: np.ndarray) -> tuple[int, int] | None:
    """The index of the patient without whom another row leads, and the index of that row; None
    where no single patient decides who leads. Of several such patients, the one whose absence puts
    the new leader furthest ahead.

    `values` (rows,), greater being better; `pseudo` (rows, patients) are their pseudo-values."""
    leader = int(np.argmax(values))
    count = np.isfinite(pseudo).sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        without = values[:, None] - (pseudo - values[:, None]) / (count - 1)
    without = np.where(np.isfinite(without), without, values[:, None])
    lead = without.max(0) - without[leader]
    patient = int(np.argmax(lead))
    return (patient, int(np.argmax(without[:, patient]))) if lead[patient] > 0 else None
