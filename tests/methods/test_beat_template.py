"""The window's own median beat, put where beats are due."""

import numpy as np
import pytest

from tests.helpers.ecg_cases import RATE, SAMPLES, TIMES, call, case, ecg, error, hide
from tests.helpers.load_method import load


@pytest.mark.parametrize(
    ("hides", "stretches"),
    [
        ("gap", [(0, 900, 1650), (1, 900, 1650)]),
        ("future", [(0, 1250, 2500), (1, 1250, 2500)]),
        ("patches", [(lead, 250 * k, 250 * k + 250) for lead in (0, 1) for k in (0, 3, 4, 8)]),
        ("block", [(0, 300, 1300), (1, 900, 1900)]),
        ("lead", [(0, 1000, 2500)]),
    ],
)
def test_beat_template_restores_a_periodic_ecg(hides, stretches):
    signal = ecg(shift=0.3)
    hidden = hide(signal, stretches)
    estimate = load("beat-template").predict(case(hidden[None], hides), call("beat-template"))[0]
    assert error(signal, estimate, np.isnan(hidden)) < 0.1


def test_beat_template_places_hidden_beats_of_one_lead_by_the_other():
    phase = np.cumsum(1 / (RATE * (0.8 + 0.25 * np.sin(2 * np.pi * TIMES / 7))))
    beat = np.exp(-0.5 * (((phase + 0.5) % 1 - 0.5) / 0.015) ** 2)
    signal = np.stack([beat, -0.5 * beat])
    hidden = hide(signal, [(0, 1000, 2500)])
    estimate = load("beat-template").predict(case(hidden[None], "lead"), call("beat-template"))[0]
    assert error(signal, estimate, np.isnan(hidden)) < 0.3


def test_beat_template_answers_a_straight_line_where_no_beat_is_seen():
    signal = np.stack([TIMES, np.zeros(SAMPLES)])
    hidden = hide(signal, [(0, 1000, 1250), (1, 1000, 1250)])
    estimate = load("beat-template").predict(case(hidden[None], "gap"), call("beat-template"))[0]
    assert np.allclose(estimate, signal, atol=1e-5)
