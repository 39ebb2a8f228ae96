"""Regression on the other leads."""

import numpy as np

from tests.helpers.ecg_cases import TIMES, call, case, hide
from tests.helpers.load_method import load


def test_lead_regression_joins_by_a_line_where_no_other_lead_is_visible():
    signal = np.stack([0.1 * TIMES, 0.2 * TIMES])
    hidden = hide(signal, [(0, 1000, 1200), (1, 1000, 1200)])
    estimate = load("lead-regression").predict(
        case(hidden[None], "block"), call("lead-regression")
    )[0]
    assert np.abs(estimate - signal).max() < 0.1
