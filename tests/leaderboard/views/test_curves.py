"""Learning curves are kept and drawn as trainings wrote them."""

import json

import numpy as np
import pytest

from benchmarks.errors import UserError
from leaderboard.records.histories import gather, read_histories, write_histories
from leaderboard.views.curves import draw, write_curves


def write(runs, stage, checks):
    folder = runs / stage / "model" / "seed-0"
    folder.mkdir(parents=True)
    (folder / "history.json").write_text(json.dumps(checks))


def checks(*validation):
    return [
        {"step": 10 * k, "rate": 0.1, "training": 1 / k, "validation": v}
        for k, v in enumerate(validation, 1)
    ]


def test_a_panel_for_each_training_marks_where_the_weights_are_from(tmp_path):
    runs = tmp_path / "runs" / "toy" / "row"
    write(runs, "classification", checks(0.5, 0.2, 0.4))
    write(runs, "pretrain", checks(3, 2))
    write_histories("toy", "row", tmp_path)
    found = read_histories("toy", "row", tmp_path)
    assert found == gather(runs)
    assert found["classification"]["0"]["training"] == [1, 0.5, 0.33333]
    figure = draw(found, "row on toy")
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["pretrain, seed 0", "classification, seed 0"]
    validation = figure.axes[-1]
    assert validation.get_ylabel() == "validation"
    curve, dot = (np.asarray(line.get_xydata()).tolist() for line in validation.lines)
    assert curve == [[10, 0.5], [20, 0.2], [30, 0.4]] and dot == [[20, 0.2]]
    assert write_curves("toy", "row", tmp_path).read_bytes().startswith(b"\x89PNG")
    assert not list(runs.glob("*.tmp"))


def test_what_is_missing_or_wrong_is_named(tmp_path):
    assert read_histories("toy", "row", tmp_path) == {}
    with pytest.raises(
        UserError, match=r"curves/toy/row\.json: expected a training's history, found none"
    ):
        write_curves("toy", "row", tmp_path)
    write(tmp_path, "forecasting", [{"step": 1}])
    with pytest.raises(UserError, match=r"forecasting/model/seed-0/history\.json: expected a list"):
        gather(tmp_path)
    path = write_histories("toy", "row", tmp_path)
    assert json.loads(path.read_text()) == {}, "a row without trainings keeps an empty one"
    path.write_text("{")
    with pytest.raises(UserError, match=r"row\.json: not readable"):
        read_histories("toy", "row", tmp_path)
