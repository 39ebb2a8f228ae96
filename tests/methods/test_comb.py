"""The comb of pulses."""

from pathlib import Path

import numpy as np

from methods.kit.signal.visible import runs
from tests.helpers.completion_cases import (
    predict,
)


def test_comb_has_15_samples_of_pulse_in_every_50(tmp_path: Path) -> None:
    square = np.where(np.arange(2500) % 2, 1.0, -1.0)[None]
    made = predict("comb", square, tmp_path, hides="noise")[0]
    starts, stops = zip(*runs(made > 0.5), strict=True)
    assert starts == tuple(range(0, 2500, 50))
    assert stops == tuple(range(15, 2500, 50))
