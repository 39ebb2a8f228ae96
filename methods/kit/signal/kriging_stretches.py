"""Completion of stretches by kriging: from the other leads where they are visible, then from the
lead itself."""

import numpy as np

from methods.kit.signal.kriging import adapt, conditional_mean
from methods.kit.signal.visible import runs


def complete(
    window: np.ndarray,
    covariance: np.ndarray,
    rate: float,
    *,
    prior: float = 300,
    prior_leads: float = 100,
    nugget: float = 0.003,
    context_s: float = 2.0,
    thin: int = 3,
    reach_s: float = 0.16,
    every: int = 2,
) -> np.ndarray:
    """Hidden stretches of a scaled window (leads, samples): from the other leads where visible,
    then from the lead itself. `covariance` is what `methods.kit.signal.kriging.covariance` gives,
    over all lags of a window.

    The regression on the other leads leaves a rest, which is estimated from the visible rest of the
    lead; where no other lead is visible, the lead's own samples serve, those just estimated among
    them."""
    filled = np.array(window)
    visible = np.isfinite(window)
    for lead, seen in enumerate(visible):
        own = covariance[lead : lead + 1, lead : lead + 1]
        helped = ~seen & visible.any(axis=0)
        if seen.any() and helped.any():
            explained = regress(window, lead, covariance, rate, prior_leads, nugget, reach_s, every)
            rest = window[lead] - explained
            judged = np.isfinite(rest)
            if judged.any():
                deviation = max(float(rest[judged].std()), 1e-6)
                explained += deviation * krige(
                    rest / deviation, own, rate, prior, nugget, context_s, thin
                )
            filled[lead, helped] = explained[helped]
        filled[lead] = krige(filled[lead], own, rate, prior, nugget, context_s, thin)
    return filled


def krige(
    lead: np.ndarray,
    covariance: np.ndarray,
    rate: float,
    prior: float,
    nugget: float,
    context_s: float,
    thin: int,
) -> np.ndarray:
    """Hidden samples of a lead (samples,) given those of its visible ones within `context_s`, every
    `thin`-th of them; 0 where nothing is near."""
    hidden = np.isnan(lead)
    filled = np.where(hidden, 0.0, lead)
    if hidden.all() or not hidden.any():
        return filled
    context = round(context_s * rate)
    adapted = adapt(lead[None], covariance, len(lead), len(lead), prior)
    for start, stop in together(runs(hidden), context):
        near = np.arange(max(0, start - context), min(len(lead), stop + context), thin)
        near = near[~hidden[near]]
        asked = start + np.flatnonzero(hidden[start:stop])
        if len(near):
            leads = (np.zeros_like(near), np.zeros_like(asked))
            filled[asked] = conditional_mean(
                lead[near], (leads[0], near), (leads[1], asked), adapted, nugget
            )
    return filled


def together(stretches: list[tuple[int, int]], context: int) -> list[tuple[int, int]]:
    """Join stretches that are less than `context` apart: what is between them serves both."""
    joined = stretches[:1]
    for start, stop in stretches[1:]:
        if start - joined[-1][1] < context:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined


def regress(
    window: np.ndarray,
    lead: int,
    covariance: np.ndarray,
    rate: float,
    prior: float,
    nugget: float,
    reach_s: float,
    every: int,
) -> np.ndarray:
    """What the other leads tell of `lead`, (samples,), NaN where none of them is visible.

    The normal equations of a FIR filter over +-`reach_s`: sums of products of samples that are
    visible together, and `prior` times the training windows' covariance."""
    reach = round(reach_s * rate)
    lags = np.arange(-reach, reach + 1, every)
    visible = np.isfinite(window)
    lagged = beside(np.nan_to_num(window), reach, every)
    whole = np.asarray(np.all(beside(visible, reach, every), axis=-1))
    explained = np.full(window.shape[1], np.nan)
    sets = np.array(visible)
    sets[lead] = False
    centre = covariance.shape[-1] // 2
    helped = np.any(sets, axis=0)
    for chosen in np.unique(sets[:, helped].T, axis=0):
        leads = np.flatnonzero(chosen)
        both = visible[lead] & whole[leads].all(axis=0)
        who, when = np.repeat(leads, len(lags)), np.tile(lags, len(leads))
        predictors = np.concatenate([lagged[other][both] for other in leads], axis=1)
        gram = (
            prior * covariance[who[:, None], who, centre + when[:, None] - when]
            + predictors.T @ predictors
        )
        cross = prior * covariance[lead, who, centre - when] + window[lead, both] @ predictors
        gram[np.diag_indices(len(gram))] += nugget * (prior + both.sum())
        seen = (chosen == sets.T).all(axis=1)
        weights = np.linalg.solve(gram, cross).reshape(len(leads), len(lags))
        explained[seen] = sum(
            lagged[other][seen] @ weight for other, weight in zip(leads, weights, strict=True)
        )
    return explained


def beside(values: np.ndarray, reach: int, every: int) -> np.ndarray:
    """(leads, samples) to a view (leads, samples, lags) of each `every`-th sample within `reach` of
    each; the first and last sample are held beyond the ends."""
    padded = np.pad(values, ((0, 0), (reach, reach)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=-1)[..., ::every]
