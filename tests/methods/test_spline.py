"""Splines: better than the line on a smooth curve, never beyond what is visible."""

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.completion_cases import (
    beats,
    hide,
    predict,
    rmse,
    sine,
)

SPLINES = ("spline-cubic", "spline-pchip", "spline-akima")


@pytest.mark.parametrize("row", SPLINES)
def test_splines_beat_the_line_on_a_smooth_curve(row: str, tmp_path: Path) -> None:
    true = sine(5.0)
    damaged = true.copy()
    damaged[:, np.arange(2500) % 4 != 0] = np.nan
    edge = slice(0, 2497)  # what follows the last visible sample is held
    line = rmse(predict("linear", damaged, tmp_path)[:, edge], true[:, edge])
    assert rmse(predict(row, damaged, tmp_path)[:, edge], true[:, edge]) < 0.5 * line


@pytest.mark.parametrize("row", SPLINES)
def test_splines_stay_within_what_is_visible(row: str, tmp_path: Path) -> None:
    steep = beats(np.arange(100, 2500, 200.0))
    damaged = hide(hide(steep, 893, 1107), 2295, 2500)  # holes that begin on the flank of a beat
    rng = np.random.default_rng(3)
    damaged[:, :800][rng.random((2, 800)) < 0.75] = np.nan
    made = predict(row, damaged, tmp_path)
    low, high = np.nanmin(damaged, axis=1, keepdims=True), np.nanmax(damaged, axis=1, keepdims=True)
    assert (made >= low - 1e-6).all()
    assert (made <= high + 1e-6).all()
    between = np.sort(damaged[:, [892, 1107]], axis=1)
    assert (made[:, 893:1107] >= between[:, :1] - 1e-6).all()
    assert (made[:, 893:1107] <= between[:, 1:] + 1e-6).all()
    np.testing.assert_allclose(made[:, 2295:], made[:, [2294]] * np.ones(205))
