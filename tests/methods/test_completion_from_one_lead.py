"""Every row that completes a lead from itself: finite answers, visible samples kept, periodic
signals continued."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.contract import COMPLETION
from benchmarks.scenarios import hidden, of_task
from benchmarks.settings import read_method
from methods.kit.contract.call import read_json
from methods.kit.signal.visible import visible_mean
from tests.helpers.completion_cases import (
    FOLDERS,
    METHODS,
    RATE,
    ROWS,
    beats,
    hide,
    predict,
    rmse,
    sine,
)

REPEATING = ("seasonal-repeat", "autoregressive")


@pytest.mark.parametrize("folder", FOLDERS)
def test_card_and_parameters_are_those_of_the_contract(folder: str) -> None:
    found = read_method(METHODS / folder)[0]
    assert found.card.name == folder
    assert all(row.startswith(folder) for row in read_json(METHODS / folder / "params.json"))
    answered = {s.name for task in COMPLETION for s in of_task(task, 2) if found.answers(s)}
    everything = {s.name for task in COMPLETION for s in of_task(task, 2)}
    noisy = {name for name in everything if name.startswith("snr")}
    without = {
        "linear": noisy,
        "spline": noisy,
        "seasonal-repeat": noisy | {"points-75"},
        "autoregressive": noisy | {"points-75"},
    }
    assert answered == everything - without.get(folder, set())


@pytest.mark.parametrize("row", ROWS)
def test_any_case_gets_finite_answers_and_keeps_what_is_visible(row: str, tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    lively = generator.standard_normal((2, 2500)).cumsum(axis=1) / 50
    flat = np.full((2, 2500), 0.7)
    nothing, one, two, ends = (hide(lively, 0, 0) for _ in range(4))
    nothing[0] = one[0, 1:] = two[0, 2:] = ends[:, 1:-1] = np.nan
    late = hide(lively, 0, 2490)
    drawn = [
        np.where(hidden(scenario, generator, 2, 2500, RATE), np.nan, signal)
        for task in COMPLETION
        for scenario in of_task(task, 2)
        for signal in (lively, flat)
    ]
    cases = np.stack([nothing, one, two, ends, late, np.full((2, 2500), np.nan), *drawn])
    made = predict(row, cases, tmp_path)
    assert made.shape == cases.shape
    assert np.isfinite(made).all()
    visible = np.isfinite(cases)
    np.testing.assert_array_equal(made[visible], cases[visible].astype(np.float32))


@pytest.mark.parametrize("row", ROWS)
def test_a_flat_lead_stays_flat(row: str, tmp_path: Path) -> None:
    made = predict(row, hide(np.full((2, 2500), -0.25), 1000, 1250), tmp_path)
    np.testing.assert_allclose(made, -0.25, atol=1e-6)


@pytest.mark.parametrize("row", ["mean", "noise", "comb"])
def test_controls_answer_every_sample_of_a_noisy_case_about_its_mean(
    row: str, tmp_path: Path
) -> None:
    noisy = sine() + np.array([[5.0], [-3.0]])
    added = predict(row, noisy, tmp_path, hides="noise", snr=6.0) - noisy.mean(
        axis=1, keepdims=True
    )
    if row == "mean":
        np.testing.assert_allclose(added, 0, atol=1e-5)
        return
    added /= noisy.std(axis=1, keepdims=True)
    if row == "noise":
        assert np.abs(added.mean(axis=1)).max() < 0.1
        assert np.abs(added.std(axis=1) - 1).max() < 0.1
    else:
        assert set(np.round(np.unique(added), 3)) == {0.0, 0.7}


@pytest.mark.parametrize("row", REPEATING)
@pytest.mark.parametrize(
    ("start", "stop"), [(1000, 1750), (1250, 2500), (0, 800)], ids=["gap", "future", "past"]
)
def test_a_sine_is_continued(row: str, start: int, stop: int, tmp_path: Path) -> None:
    true = sine()
    hole = slice(start, stop)
    made = predict(row, hide(true, start, stop), tmp_path)
    for lead in range(2):  # the flat line's error is 1 in these units
        assert rmse(made[lead, hole], true[lead, hole]) / true[lead].std() < 0.15


@pytest.mark.parametrize("row", REPEATING)
def test_patches_and_a_lost_lead_of_regular_beats_come_back(row: str, tmp_path: Path) -> None:
    true = beats(np.arange(90, 2600, 190.0))
    patches, lost = true.copy(), true.copy()
    for patch in (1, 4, 5, 8):
        patches[:, patch * 250 : (patch + 1) * 250] = np.nan
    lost[1, 1000:] = np.nan
    for damaged in (patches, lost):
        hole = np.isnan(damaged)
        made = predict(row, damaged, tmp_path)
        flat = visible_mean(damaged).repeat(2500, axis=1)
        # Prediction 6 s ahead fades, a repeat doesn't.
        share = {"seasonal-repeat": 0.01, "autoregressive": 0.8}[row]
        assert rmse(made[hole], true[hole]) < share * rmse(flat[hole], true[hole])
