"""The kit's masks and the board's are twins: a method's image holds the kit alone."""

import numpy as np
import pytest

from benchmarks.contract import COMPLETION
from benchmarks.scenarios import LEAD_VISIBLE_S, hidden, of_task
from methods.kit.signal import masks
from tests.helpers.signals import RATE, SAMPLES


@pytest.mark.parametrize("task", COMPLETION)
def test_hides_as_the_board_does(task: str):
    """The kit's masks are the board's, sample for sample, so the count of hidden samples is exact
    (T1-28)."""
    for scenario in of_task(task, 2):
        ours = masks.hidden(scenario.model_dump(), np.random.default_rng(6), (2, SAMPLES), RATE)
        np.testing.assert_array_equal(
            ours, hidden(scenario, np.random.default_rng(6), 2, SAMPLES, RATE)
        )


def test_a_lost_lead_is_visible_for_as_long_as_on_the_board():
    assert masks.LEAD_VISIBLE_S == LEAD_VISIBLE_S
