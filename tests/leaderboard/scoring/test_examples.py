"""The windows that are kept to be looked at: the same questions for every row, answers that fit
them."""

import numpy as np
import pytest

from benchmarks.cases.truth import read_beat_truth, read_truth
from benchmarks.contract import TASKS
from benchmarks.scenarios import of_task
from benchmarks.settings import row
from containers.calls.runs import make_run
from leaderboard.scoring.documents import Document, dump
from leaderboard.scoring.examples import EVERY, UNIT_MV
from leaderboard.scoring.score import control_outcome, outcome
from leaderboard.scoring.truth import BoardTruth
from tests.helpers import inline_runner as inline
from tests.helpers.toy_board import BOARD

COMPLETION = [
    s for task in ("interpolation", "reconstruction", "forecasting") for s in of_task(task, 2)
]


@pytest.fixture(scope="module")
def board_truth(toy) -> BoardTruth:
    return BoardTruth(BOARD, toy)


def shown_by(control: str, truth: BoardTruth) -> Document:
    """What a control shows of itself, by scenario."""
    return {
        scenario: shown
        for task in TASKS
        for scenario, shown in control_outcome(control, task, truth).examples.items()
    }


@pytest.fixture(scope="module")
def questions(board_truth) -> Document:
    return shown_by("oracle", board_truth)


def test_questions_are_of_test_patients_and_show_what_is_visible(toy, questions):
    truth = read_truth(toy / "truth")
    tested = set(truth.patient[truth.split == "test"])
    assert set(questions) == {s.name for s in COMPLETION} | {"heartbeat"}
    for scenario in COMPLETION:
        found = questions[scenario.name]
        assert found["patient"] in tested and len(found["leads"]) == 2
        true, shown = (np.array(found[key], float) for key in ("truth", "shown"))
        assert true.shape == shown.shape == (2, 2500 // EVERY)
        near = np.abs(truth.signal[:, 0, ::EVERY] - true[0] * UNIT_MV).max(1).min()
        assert near <= UNIT_MV / 2 + 1e-6, "one of the true windows"
        hidden = np.isnan(shown)
        assert hidden.any() == (scenario.hides != "noise")
        if scenario.hides != "noise":
            np.testing.assert_array_equal(true[~hidden], shown[~hidden])


def test_heartbeats_are_shown_around_a_beat_of_each_class(toy, questions):
    labels = read_beat_truth(toy / "truth")
    there = {"NSVFQ"[label] for label in labels.labels[labels.split == "test"]} - {"Q"}
    shown = questions["heartbeat"]
    assert len(shown) == len(there)
    assert all(any(letter in each["labels"] for each in shown) for letter in there)
    for each in shown:
        assert len(each["labels"]) == len(each["beats"]) and max(each["beats"]) < 2500 // EVERY


def test_an_answer_has_a_number_for_each_hidden_sample_that_is_shown(
    toy, board_truth, questions, tmp_path
):
    def shown(name: str, task: str) -> Document:
        make_run(row(name), BOARD, task, toy, tmp_path / name / task, inline.runner)
        return outcome(row(name), task, 0, board_truth, tmp_path / name / task).examples

    found = shown("mean", "interpolation")
    assert set(found) == {s.name for s in of_task("interpolation", 2)}
    for scenario, answer in found.items():
        asked = [sum(value is None for value in lead) for lead in questions[scenario]["shown"]]
        assert [len(lead) for lead in answer] == asked
        assert all(len(set(lead)) <= 1 for lead in answer), "the flat line"
    decided = shown("prior", "classification")["heartbeat"]
    assert [len(letters) for letters in decided] == [
        len(each["beats"]) for each in questions["heartbeat"]
    ]


def test_a_control_from_the_truth_is_what_it_distorts(board_truth, questions):
    late = shown_by("late-100ms", board_truth)
    assert "heartbeat" not in late
    true, shown = (np.array(questions["forecast-20"][key][0], float) for key in ("truth", "shown"))
    steps = round(0.1 * 250 / EVERY)
    moved = np.array(late["forecast-20"][0])
    hidden = np.flatnonzero(np.isnan(shown))
    assert np.abs(moved - true[hidden - steps]).mean() < np.abs(moved - true[hidden]).mean()


def test_the_same_questions_every_time(toy, questions):
    assert dump(shown_by("oracle", BoardTruth(BOARD, toy))) == dump(questions)
