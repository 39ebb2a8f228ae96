"""The classification metrics: by hand, and against scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from benchmarks.metrics.heartbeats import (
    accuracy,
    auroc,
    average_precision,
    beat_metrics,
    binary_f1,
    calibration_error,
    choose_tau,
    cohen_kappa,
    confusion,
    decide,
    f1_by_class,
    macro_f1,
    positive_predictivity,
    sensitivity,
)

PRIOR = np.array([0.9, 0.02, 0.07, 0.0095, 0.0005])


def beats(seed: int, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Labels (beats,) of all five classes, and probabilities (beats, 5) that know something of
    them, with ties."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate(
        [np.arange(5), rng.choice(5, count - 5, p=[0.6, 0.15, 0.15, 0.07, 0.03])]
    )
    sure = np.round(rng.normal(size=(count, 5)) + 1.5 * np.eye(5)[labels], 1)
    p = np.exp(sure)
    return labels, p / p.sum(1, keepdims=True)


def test_the_rule_by_hand():
    p = np.array([[0.8, 0.1, 0.05, 0.03, 0.02]])
    assert decide(p, PRIOR, 0.0)[0] == 0
    # 0.8/0.9 against 0.1/0.02 and 0.02/0.0005
    assert decide(p, PRIOR, 1.0)[0] == 4
    half = p / np.sqrt(PRIOR)
    assert decide(p, PRIOR, 0.5)[0] == np.argmax(half)


def test_a_class_without_training_beats_is_not_made_certain():
    prior = np.array([0.9, 0.05, 0.05, 0.0, 0.0])
    p = np.array([[0.97, 0.01, 0.0199, 0.0001, 0.0]])
    for tau in (0.0, 0.5, 1.0):
        assert decide(p, prior, tau)[0] in (0, 2)
    assert np.array_equal(decide(np.eye(5), prior, 1.0), np.arange(5))


def test_tau_is_the_smallest_of_the_best():
    labels = np.array([0, 0, 1, 1, 2, 3])
    assert choose_tau(np.eye(5)[labels], labels, PRIOR) == 0.0
    p = np.eye(5)[labels] * 0.9 + 0.02
    # Two S beats that look like N until the prior is discounted: log(.6/.3) / log(.9/.02) = .18
    p[2:4] = [0.6, 0.3, 0.05, 0.04, 0.01]
    assert choose_tau(p, labels, PRIOR) == 0.2
    assert macro_f1(confusion(labels, decide(p, PRIOR, 0.2))) == 1.0


def test_confusion_has_the_truth_in_its_rows():
    matrix = confusion(np.array([0, 0, 1]), np.array([0, 2, 1]))
    assert matrix.shape == (5, 5)
    assert matrix[0, 2] == 1 and matrix[2, 0] == 0 and matrix.sum() == 3


def test_scores_by_hand():
    matrix = np.zeros((5, 5), int)
    matrix[0, :3] = 90, 5, 5
    matrix[1, :2] = 4, 6
    matrix[2, 2] = 10
    matrix[4, 2] = 5
    f1 = f1_by_class(matrix)
    assert f1 == pytest.approx([180 / 194, 12 / 21, 20 / 30, np.nan, 0.0], nan_ok=True)
    assert macro_f1(matrix) == pytest.approx((180 / 194 + 12 / 21 + 20 / 30) / 3)
    assert sensitivity(matrix) == pytest.approx([0.9, 0.6, 1.0, np.nan, 0.0], nan_ok=True)
    assert positive_predictivity(matrix) == pytest.approx(
        [90 / 94, 6 / 11, 10 / 15, np.nan, np.nan], nan_ok=True
    )
    assert binary_f1(matrix) == pytest.approx(2 * 21 / (25 + 31))
    assert np.isnan(macro_f1(np.zeros((5, 5), int)))
    assert macro_f1(np.stack([matrix, 2 * matrix])) == pytest.approx(np.repeat(macro_f1(matrix), 2))


def test_ec57_forgives_what_it_must():
    matrix = np.diag([5, 5, 5, 5, 5])
    matrix[3, 2], matrix[4, 2], matrix[4, 1] = 10, 20, 30
    assert positive_predictivity(matrix) == pytest.approx([1.0] * 5)
    matrix[3, 1], matrix[1, 2] = 5, 5
    assert positive_predictivity(matrix) == pytest.approx([1.0, 0.5, 0.5, 1.0, 1.0])
    assert matrix[4, 2] == 20  # what was given is left as it was


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), tau=st.sampled_from([0.0, 0.3, 1.0]))
def test_agrees_with_scikit_learn(seed: int, tau: float):
    labels, p = beats(seed)
    decided = decide(p, PRIOR, tau)
    matrix = confusion(labels, decided)
    assert np.array_equal(matrix, sklearn.confusion_matrix(labels, decided, labels=range(5)))
    _, recall, f1, _ = (
        np.asarray(column) for column in sklearn.precision_recall_fscore_support(labels, decided)
    )
    assert f1_by_class(matrix) == pytest.approx(f1)
    assert macro_f1(matrix) == pytest.approx(np.mean(f1[:4]))
    assert sensitivity(matrix) == pytest.approx(recall)
    assert accuracy(matrix) == pytest.approx(sklearn.accuracy_score(labels, decided))
    assert cohen_kappa(matrix) == pytest.approx(sklearn.cohen_kappa_score(labels, decided))
    assert binary_f1(matrix) == pytest.approx(sklearn.f1_score(labels > 0, decided > 0))
    for k in range(5):
        assert average_precision(p[:, k], labels == k) == pytest.approx(
            sklearn.average_precision_score(labels == k, p[:, k])
        )
        assert auroc(p[:, k], labels == k) == pytest.approx(
            sklearn.roc_auc_score(labels == k, p[:, k])
        )


def test_ranking_needs_both_kinds():
    scores = np.array([0.1, 0.4, 0.4])
    assert math.isnan(auroc(scores, np.zeros(3, bool)))
    assert math.isnan(auroc(scores, np.ones(3, bool)))
    assert math.isnan(average_precision(scores, np.zeros(3, bool)))
    assert auroc(scores, np.array([False, True, False])) == pytest.approx(0.75)
    assert average_precision(scores, np.array([False, True, False])) == pytest.approx(0.5)


def test_calibration_by_hand():
    p = np.full((4, 5), 0.05)
    p[:, 0] = 0.8
    assert calibration_error(p, np.array([0, 0, 0, 1])) == pytest.approx(0.05)
    p[2:] = [0.02, 0.92, 0.02, 0.02, 0.02]
    # Two bins: 0.8 said and all right, 0.92 said and all wrong.
    assert calibration_error(p, np.array([0, 0, 0, 0])) == pytest.approx((0.2 + 0.92) / 2)
    assert calibration_error(np.eye(5), np.arange(5)) == 0.0


def test_a_perfect_row_is_perfect():
    labels, _ = beats(1)
    p = np.eye(5)[labels]
    got = beat_metrics(p, decide(p, PRIOR, 0.0), labels)
    perfect = {name: 0.0 if name == "calibration_error" else 1.0 for name in got}
    assert got == pytest.approx(perfect)


def test_what_the_truth_lacks_has_no_score():
    labels, p = beats(2)
    kept = labels != 3
    got = beat_metrics(p[kept], decide(p[kept], PRIOR, 0.0), labels[kept])
    assert math.isnan(got["f1_F"]) and math.isnan(got["sensitivity_F"])
    averaged = [got[f"f1_{name}"] for name in "NSV"]
    assert got["macro_f1"] == pytest.approx(np.mean(averaged))
    assert math.isfinite(got["macro_auroc"]) and math.isfinite(got["macro_average_precision"])
    assert got["macro_f1"] == got["macro_f1_argmax"]
