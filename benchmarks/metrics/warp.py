"""Dynamic time warping of hidden runs, compiled. Apart from `metrics`: importing numba takes longer
than most calls.

The path of a run is symmetric and obeys the slope constraint P = 1 of Sakoe & Chiba (1978, table I,
doi:10.1109/TASSP.1978.1163055): a step along one signal comes only with a diagonal one, so inside
the run no sample is used more than twice. Diagonal cells weigh 2 and side cells 1, so that every
path weighs twice the run's length."""

import numpy as np
from numba import njit


@njit(cache=True)
def run_cost(truth: np.ndarray, guess: np.ndarray, penalty: np.ndarray) -> float:
    """Cost of the cheapest path from the first pair of samples to the last: half of the weighted
    sum of local costs.

    `truth` and `guess` are one run (samples,) in units of the lead's scale; `penalty` (2 · band +
    1,) is added to the squared difference by how much later the guess's sample is, from −band to
    +band samples. Along the four edges the path may dwell, one cell at a time, up to the band: what
    the ends of a run lack for want of context is forgiven at the price of its difference."""
    length, width = truth.size, penalty.size
    band = width // 2
    # Rows of the table in band coordinates: cell (i, j) lies at j - i + band + 1, with a wall on
    # either side.
    before = np.full(width + 2, np.inf)
    above = np.full(width + 2, np.inf)
    here = np.full(width + 2, np.inf)
    cost_above = np.zeros(width + 2)
    cost = np.zeros(width + 2)
    right = np.full(band + 1, np.inf)
    right_cost = np.zeros(band + 1)
    for i in range(length):
        low, high = max(0, band - i), min(width - 1, length - 1 - i + band)
        here[:] = np.inf
        for k in range(low, high + 1):
            difference = truth[i] - guess[i + k - band]
            cost[k + 1] = difference * difference + penalty[k]
        for k in range(low + 1, high + 2):
            best = above[k] + 2 * cost[k]
            down = before[k + 1] + 2 * cost_above[k + 1] + cost[k]
            along = above[k - 1] + 2 * cost[k - 1] + cost[k]
            best = down if down < best else best
            here[k] = along if along < best else best
        if i == 0:
            here[band + 1] = 2 * cost[band + 1]
            for k in range(band + 2, high + 2):
                here[k] = here[k - 1] + cost[k]
        elif i <= band:
            here[band - i + 1] = above[band - i + 2] + cost[band - i + 1]
        left = length - 1 - i
        if left <= band:
            right[left] = here[left + band + 1]
            right_cost[left] = cost[left + band + 1]
        before, above, here = above, here, before
        cost_above, cost = cost, cost_above
    best = above[band + 1]
    dwelt_along = dwelt_down = 0.0
    for k in range(1, min(band, length - 1) + 1):
        dwelt_along += cost_above[band + 2 - k]
        dwelt_down += right_cost[k - 1]
        best = min(best, above[band + 1 - k] + dwelt_along, right[k] + dwelt_down)
    return best / 2


@njit(cache=True)
def warped_errors(
    truth: np.ndarray,
    guess: np.ndarray,
    wanted: np.ndarray,
    scale: np.ndarray,
    penalty: np.ndarray,
    shortest: int,
) -> np.ndarray:
    """Root of the mean cost over each window's wanted samples (windows,), NaN where nothing is
    wanted.

    Arrays are (windows, leads, samples), `scale` (windows, leads). Runs shorter than `shortest` are
    not warped."""
    windows, leads, samples = truth.shape
    errors = np.full(windows, np.nan)
    for window in range(windows):
        total, count = 0.0, 0
        for lead in range(leads):
            start = 0
            while start < samples:
                if not wanted[window, lead, start]:
                    start += 1
                    continue
                stop = start
                while stop < samples and wanted[window, lead, stop]:
                    stop += 1
                one = truth[window, lead, start:stop] / scale[window, lead]
                other = guess[window, lead, start:stop] / scale[window, lead]
                if stop - start < shortest:
                    total += np.sum((one - other) ** 2)
                else:
                    total += run_cost(one, other, penalty)
                count += stop - start
                start = stop
        if count:
            errors[window] = np.sqrt(total / count)
    return errors
