"""The flat line."""

from pathlib import Path

import numpy as np

from tests.helpers.completion_cases import (
    predict,
)


def test_mean_takes_visible_samples_alone(tmp_path: Path) -> None:
    signal = np.tile(np.r_[np.full(1000, 1.0), np.full(250, np.nan), np.full(1000, 3.0)], (2, 1))
    np.testing.assert_allclose(predict("mean", signal, tmp_path)[:, 1000:1250], 2.0)
