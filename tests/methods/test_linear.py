"""The straight line."""

from pathlib import Path

import numpy as np

from tests.helpers.completion_cases import (
    hide,
    predict,
)


def test_linear_restores_a_line_and_holds_the_edges(tmp_path: Path) -> None:
    line = np.stack([np.linspace(-1, 1, 2500), np.linspace(2, 0, 2500)])
    np.testing.assert_allclose(predict("linear", hide(line, 900, 1700), tmp_path), line, atol=1e-6)
    made = predict("linear", hide(hide(line, 0, 100), 2000, 2500), tmp_path)
    np.testing.assert_allclose(made[:, :100], line[:, [100]] * np.ones(100), atol=1e-6)
    np.testing.assert_allclose(made[:, 2000:], line[:, [1999]] * np.ones(500), atol=1e-6)
