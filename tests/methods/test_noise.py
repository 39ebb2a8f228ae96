"""White noise."""

from pathlib import Path

import numpy as np

from tests.helpers.completion_cases import (
    MAINS,
    call_of,
    case_of,
    hide,
    sine,
)


def test_noise_follows_its_seed(tmp_path: Path) -> None:
    case = case_of(hide(sine(), 1000, 1250))
    first, again, other = (
        MAINS["noise"].predict(case, call_of("noise", tmp_path, seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
