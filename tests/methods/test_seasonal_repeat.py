"""Repeats at the best lag."""

from pathlib import Path

import numpy as np

from methods.kit.signal.visible import runs
from tests.helpers.completion_cases import (
    beats,
    hide,
    predict,
)


def test_repeats_of_both_sides_meet_on_one_beat(tmp_path: Path) -> None:
    # The rhythm slows down.
    times = 60 + np.cumsum(np.r_[0, np.full(5, 190), np.full(8, 204)]).astype(float)
    true = beats(times)
    middle = round(times[6])
    made = predict("seasonal-repeat", hide(true, middle - 125, middle + 125), tmp_path)[
        0, middle - 125 : middle + 125
    ]
    peaks = runs(made > 0.5)
    assert len(peaks) == 1
    assert abs(np.mean(peaks[0]) - 125) <= 12
