"""The board accounts for every cell, mixes no versions, and gives the same bytes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contract import CLASSES, TASKS, ContractError
from benchmarks.settings import ROOT, board_rows
from leaderboard.board import check, expected_cells, read_documents, tidy, write_board
from leaderboard.score import distort, dump, rounded

BOARD = "synthetic"


@pytest.fixture
def published(tmp_path) -> Path:
    """A copy of this project's rows and of its published synthetic scores."""
    for folder in ("leaderboard/scores", "methods"):
        (tmp_path / folder).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "methods").symlink_to(ROOT / "methods")
    (tmp_path / "params.yaml").symlink_to(ROOT / "params.yaml")
    for path in (ROOT / "leaderboard/scores" / BOARD).glob("*/*.json"):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tmp_path


def score_file(root: Path, row: str, task: str) -> Path:
    return root / "leaderboard/scores" / BOARD / row / f"{task}-0.json"


def change(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_published_board_is_what_its_scores_give(published):
    out = write_board(BOARD, published).parent
    for name in ("board.md", "board.csv", "board.json", "analysis.json"):
        assert (out / name).read_bytes() == (ROOT / "leaderboard/boards" / BOARD / name).read_bytes(), name


def test_every_cell_is_accounted_for(published):
    documents, _ = read_documents(BOARD, published)
    check(BOARD, documents, published)
    assert len(documents) == len(expected_cells(BOARD, published)) == len(board_rows(BOARD, published)) * len(TASKS)


def test_a_missing_cell_is_named_and_nothing_is_written(published):
    score_file(published, "linear", "forecasting").unlink()
    with pytest.raises(ContractError, match=r"1 cells are unaccounted for, the first \('linear', 'forecasting', 0\)"):
        write_board(BOARD, published)
    assert not (published / "leaderboard/boards").exists()


def test_scores_of_an_unknown_row_are_named(published):
    ghost = score_file(published, "ghost", "forecasting")
    ghost.parent.mkdir()
    ghost.write_bytes(score_file(published, "linear", "forecasting").read_bytes())
    change(ghost, row="ghost")
    with pytest.raises(ContractError, match=r"belong to no row, the first \('ghost'"):
        write_board(BOARD, published)


def test_a_document_under_another_name_is_refused(published):
    change(score_file(published, "linear", "forecasting"), row="mean")
    with pytest.raises(ContractError, match=r"linear/forecasting-0.json: says that it is mean/forecasting-0"):
        write_board(BOARD, published)


@pytest.mark.parametrize(("text", "message"), [("{", "not readable as JSON"), ("[]", "no score document")])
def test_a_broken_document_is_named(published, text, message):
    score_file(published, "mean", "forecasting").write_text(text)
    with pytest.raises(ContractError, match=f"mean/forecasting-0.json: {message}"):
        write_board(BOARD, published)


def test_two_versions_in_one_column_are_refused(published):
    path = score_file(published, "linear", "forecasting")
    provenance = json.loads(path.read_text())["provenance"] | {"column": "another"}
    change(path, provenance=provenance)
    with pytest.raises(ContractError, match=r"synthetic/forecasting: .*linear.* were scored on different data"):
        write_board(BOARD, published)


def test_an_unknown_status_is_refused(published):
    change(score_file(published, "linear", "forecasting"), status="fine")
    with pytest.raises(ContractError, match="has status 'fine'"):
        write_board(BOARD, published)


def test_a_failure_is_a_row_with_its_reason(published):
    path = score_file(published, "linear", "forecasting")
    change(path, status="timeout", reason="predict forecast-20: still running | after 10 minutes", scenarios={})
    board = write_board(BOARD, published)
    assert r"| **timeout**: predict forecast-20: still running \| after 10 minutes |" in board.read_text()
    with (board.parent / "board.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if line["row"] == "linear" and line["task"] == "forecasting"]
    assert [(line["status"], line["value"]) for line in lines] == [("timeout", "")]


def test_the_tidy_table_holds_each_summary_once():
    documents, _ = read_documents(BOARD)
    lines = [line for line in tidy(documents) if line[-1] == "scored"]
    keys = [tuple(line[:7]) for line in lines]
    assert len(keys) == len(set(keys))
    summaries = sum(len(s["metrics"]) for d in documents for s in d["scenarios"].values() if s["status"] == "scored")
    assert len(keys) == summaries


def test_every_scored_document_has_one_row_per_patient_and_can_be_added_up_again():
    documents, _ = read_documents(BOARD)
    for document in documents:
        for scenario in document["scenarios"].values():
            if scenario["status"] != "scored":
                continue
            table, primary = scenario["patients"], scenario["primary"]
            assert len(set(table["patient"])) == len(table["patient"]) == len(table["split"])
            test = [k for k, split in enumerate(table["split"]) if split == "test"]
            if primary != "macro_f1":
                mean = np.mean([table[primary][k] for k in test])
                assert scenario["metrics"][primary]["value"] == pytest.approx(mean, rel=1e-4)
            else:
                counts = np.array([table["confusion"][k] for k in test]).reshape(-1, len(CLASSES), len(CLASSES)).sum(0)
                hits, total = counts.diagonal(), counts.sum(0) + counts.sum(1)
                assert scenario["metrics"]["macro_f1"]["value"] == pytest.approx(
                    (2 * hits / total)[:4].mean(), rel=1e-4
                )


def controls(metric: str) -> dict[str, dict[str, dict]]:
    documents, _ = read_documents(BOARD)
    return {
        document["row"]: {name: s["metrics"][metric] for name, s in document["scenarios"].items()}
        for document in documents
        if document["family"] == "control" and document["status"] == "scored" and document["task"] == "interpolation"
    }


def test_the_controls_stand_where_they_must():
    """The anti-gaming table of the design, on the published synthetic board."""
    warped, plain = controls("warped_nrmse"), controls("nrmse")
    for gap in ("gap-10", "gap-30"):
        value = {row: found[gap]["value"] for row, found in warped.items()}
        assert value["oracle"] == 0
        assert value["blurred"] < value["comb"] < value["mean"] * 1.1 < value["noise"]
        assert value["comb"] > 0.9 * value["mean"] and value["late-100ms"] > 0.9 * value["mean"]
        assert plain["late-100ms"][gap]["value"] > plain["mean"][gap]["value"]


def test_shuffled_labels_lie_inside_the_priors_interval():
    documents, _ = read_documents(BOARD)
    found = {d["row"]: d["scenarios"]["heartbeat"]["metrics"]["macro_f1"] for d in documents
             if d["task"] == "classification" and d["status"] == "scored"}  # fmt: skip
    assert found["prior"]["low"] <= found["shuffled-labels"]["value"] <= found["prior"]["high"]
    assert found["oracle"]["value"] == 1


def test_controls_from_the_truth():
    signal = np.random.default_rng(0).normal(size=(2, 2, 500)).astype(np.float32)
    np.testing.assert_array_equal(distort("oracle", signal), signal)
    late = distort("late-100ms", signal)
    np.testing.assert_array_equal(late[..., 25:], signal[..., :-25])
    assert distort("blurred", signal).std() < 0.3
    with pytest.raises(ContractError, match="from_truth names 'x'"):
        distort("x", signal)


def test_numbers_and_documents_are_written_the_same_way_everywhere():
    assert [rounded(v) for v in (1 / 3, float("nan"), 123456.789)] == [0.333333, None, 123457.0]
    document = {"b": [1, 2], "a": {"x": {"y": 1, "z": None}}, "empty": {}}
    assert json.loads(dump(document)) == document
    assert dump(document) == '{\n "b": [1, 2],\n "a": {\n  "x": {"y": 1, "z": null}\n },\n "empty": {}\n}\n'
