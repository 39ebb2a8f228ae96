"""The linear minimum-mean-square estimate."""

import numpy as np

from methods.kit.signal.baseline import bridge
from tests.helpers.ecg_cases import call, case, ecg, error, hide
from tests.helpers.load_method import load


def test_wiener_points_and_periodic_gaps_beat_the_straight_line(trained):
    rng = np.random.default_rng(9)
    signal = ecg(shift=0.3)
    scattered = np.where(rng.random(signal.shape) < 0.75, np.nan, signal)
    for hides, hidden in (
        ("points", scattered),
        ("gap", hide(signal, [(0, 1100, 1500), (1, 1100, 1500)])),
    ):
        estimate = load("wiener").predict(case(hidden[None], hides), call("wiener", trained))[0]
        mask = np.isnan(hidden)
        assert error(signal, estimate, mask) < 0.8 * error(signal, bridge(hidden), mask)
