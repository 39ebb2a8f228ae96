"""The table of metrics against what the scorer writes and the literature quotes."""

import numpy as np
import pytest

from benchmarks.baseline import baseline_filter
from benchmarks.cases.truth import read_beat_truth, read_truth
from benchmarks.contract import CLASSES, COMPLETION
from benchmarks.metrics.table import METRICS, columns_beside, primary_metric
from benchmarks.scenarios import HEARTBEAT, of_task, wanted
from benchmarks.settings import RATE
from leaderboard.records.literature import derived
from leaderboard.scoring.score import score_beats, score_windows


@pytest.fixture(scope="session")
def scores(toy) -> dict[str, dict]:
    """What the scorer writes of each scenario of the toy board for a flat line and for the classes
    themselves."""
    truth, beats = read_truth(toy / "truth"), read_beat_truth(toy / "truth")
    filtered = baseline_filter(np.asarray(truth.signal), RATE)
    found = {
        HEARTBEAT.name: score_beats(np.eye(len(CLASSES))[beats.labels], beats.labels, 0.0, beats)
    }
    for task in COMPLETION:
        for scenario in of_task(task, truth.signal.shape[1]):
            mask = wanted(toy / "predict" / task / scenario.name, scenario)
            flat = np.where(mask, 0.0, truth.signal)
            found[scenario.name] = score_windows(flat, mask, scenario, truth, filtered)
    return found


def test_the_table_holds_what_is_written_or_quoted_and_nothing_else(scores):
    written = {metric for score in scores.values() for metric in score["metrics"]}
    quoted = set(derived(scores[HEARTBEAT.name]["metrics"])) - written
    assert written | quoted == set(METRICS)
    assert quoted == {name for name, metric in METRICS.items() if metric.quoted}
    assert all(name == metric.name for name, metric in METRICS.items())


def test_a_metric_has_a_value_per_patient_where_its_interval_is_of_their_mean(scores):
    for score in scores.values():
        for name in score["metrics"]:
            assert (name in score["patients"]) == (METRICS[name].interval == "t"), name


def test_every_figure_lies_between_the_best_and_the_worst(scores):
    for score in scores.values():
        for name, value in score["metrics"].items():
            low, high = sorted((METRICS[name].best, METRICS[name].worst))
            assert value is None or low <= value <= high, name


def test_each_metric_that_ranks_has_a_margin_and_a_tolerance():
    ranking = {
        primary_metric(scenario)
        for task in (*COMPLETION, HEARTBEAT.task)
        for scenario in of_task(task, 2)
    }
    assert ranking == {name for name, metric in METRICS.items() if metric.margin}
    assert all(METRICS[name].tolerance for name in ranking)
    assert not any(METRICS[name].column for name in ranking)


def test_the_direction_decides_what_is_best():
    error, share = METRICS["nrmse"], METRICS["macro_f1"]
    assert (error.better, error.sign, error.best_of([0.2, 0.1, 0.3])) == ("lower", -1, 0.1)
    assert (share.better, share.sign, share.best_of([0.2, 0.1, 0.3])) == ("higher", 1, 0.3)
    assert error.best_of([]) is None
    assert [metric.name for metric in columns_beside("forecasting")] == []
    assert "kappa" in [metric.name for metric in columns_beside(HEARTBEAT.task)]
