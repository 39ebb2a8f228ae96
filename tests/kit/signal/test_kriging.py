"""Kriging against closed forms."""

import numpy as np

from methods.kit.signal import kriging
from methods.kit.signal import kriging_stretches as stretches
from tests.helpers.ecg_cases import RATE, SAMPLES, ar1, hide


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
