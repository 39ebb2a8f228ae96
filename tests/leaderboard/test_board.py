"""The board shows every cell, and gives the same bytes. What keeps it from being published is in
test_gate.py."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contract import CLASSES
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, board_rows, family
from leaderboard.board import write_board
from leaderboard.gate.policing import broken
from leaderboard.records.cells import FAMILIES, cells, read_documents
from leaderboard.records.reproduced import Entry
from leaderboard.records.tidy import tidy
from leaderboard.scoring.controls import distort
from leaderboard.scoring.documents import Document, dump, parse_document, rounded
from leaderboard.views.labels import made_again_of
from leaderboard.views.markdown import task_table
from pipeline.shadow import shadow

BOARD = "synthetic"


@pytest.fixture
def published(tmp_path) -> Path:
    """A copy of this project's published synthetic scores, in a view of what they were made
    from."""
    shadow(ROOT, tmp_path, ("leaderboard/scores", "leaderboard/boards", "README.md"))
    for path in (ROOT / "leaderboard/scores" / BOARD).glob("*/*.json"):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tmp_path


def read_plain(root: Path = ROOT) -> tuple[list[Document], Document]:
    """The board's documents as they are written, and what its cells cost."""
    documents, costs = read_documents(BOARD, root)
    return [document.plain() for document in documents], costs


def score_file(root: Path, row: str, task: str) -> Path:
    return root / "leaderboard/scores" / BOARD / row / f"{task}-0.json"


def change(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_published_board_is_what_its_scores_give(published):
    out = write_board(BOARD, published).parent
    for name in ("board.md", "board.csv", "board.json", "analysis.json"):
        assert (out / name).read_bytes() == (
            ROOT / "leaderboard/boards" / BOARD / name
        ).read_bytes(), name


@pytest.mark.parametrize("board", ["synthetic", "mitdb"])
def test_every_table_has_its_rows_by_family(board):
    out = ROOT / "leaderboard/boards" / board
    cells = json.loads((out / "board.json").read_text())["cells"].values()
    analysis = json.loads((out / "analysis.json").read_text())
    order = list(dict.fromkeys(cell["row"] for cell in cells))
    families = {cell["row"]: cell["family"] for cell in cells}
    places = [FAMILIES.index(families[row]) for row in order]
    assert places == sorted(places)
    assert set(families.values()) == {family(row) for row in board_rows(board)}
    assert len(set(places)) > 2
    with (out / "board.csv").open() as file:
        assert list(dict.fromkeys(line["row"] for line in csv.DictReader(file))) == order
    assert analysis["rows"] == order
    assert analysis["matrix"]["rows"] == [row for row in order if families[row] != "control"]


def test_a_document_under_another_name_is_refused(published):
    change(score_file(published, "linear", "forecasting"), row="mean")
    with pytest.raises(
        UserError, match=r"linear/forecasting-0.json: says that it is mean/forecasting-0"
    ):
        write_board(BOARD, published)


def test_a_failure_is_a_row_with_its_reason(published):
    path = score_file(published, "linear", "forecasting")
    change(
        path,
        status="timeout",
        reason="predict forecast-20: still running | after 10 minutes",
        scenarios={},
    )
    documents, costs = read_plain(published)
    text = task_table("forecasting", cells(documents, costs, {}))
    assert r"| **timeout**: predict forecast-20: still running \| after 10 minutes |" in text
    lines = [line for line in tidy(documents) if (line[1], line[3]) == ("linear", "forecasting")]
    assert [(line[-1], line[7]) for line in lines] == [("timeout", "")]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, "identically 2026-11-26"),
        ({"verdict": "within tolerance"}, "within tolerance 2026-11-26"),
        ({"verdict": "drifted"}, "drifted 2026-11-26"),
        ({"key": "of another version"}, "not yet"),
    ],
)
def test_a_cell_that_was_made_again_says_so_while_it_is_the_published_one(published, change, shown):
    documents, costs = read_plain(published)
    (key,) = {
        d["provenance"]["key"]
        for d in documents
        if (d["row"], d["task"]) == ("linear", "forecasting")
    }
    entry = {
        "verdict": "identical",
        "date": "2026-11-26",
        "key": key,
        "hardware": "two cores",
        "runner": "host",
    }
    table = cells(documents, costs, {f"{BOARD}/linear/forecasting": Entry(**entry | change)})
    for task in ("interpolation", "forecasting"):
        (line,) = (
            line for line in task_table(task, table).splitlines() if line.startswith("| linear ")
        )
        assert (shown if task == "forecasting" else "not yet") in line
    assert {bool(cell.reproduced) for cell in table if cell.row == "mean"} == {False}
    scored, word = (
        sum(cell.status == "scored" for cell in table),
        shown.removesuffix(" 2026-11-26"),
    )
    one = f"1 of {scored} scored ones were made again: 1 {word}"
    assert made_again_of(table) == (
        f"0 of {scored} scored ones were made again" if shown == "not yet" else one
    )


def test_the_tidy_table_holds_each_summary_once():
    documents, _ = read_plain()
    lines = [line for line in tidy(documents) if line[-1] == "scored"]
    keys = [tuple(line[:7]) for line in lines]
    assert len(keys) == len(set(keys))
    summaries = sum(
        len(s["metrics"])
        for d in documents
        for s in d["scenarios"].values()
        if s["status"] == "scored"
    )
    assert len(keys) == summaries


def test_every_scored_document_has_one_row_per_patient_and_can_be_added_up_again():
    documents, _ = read_plain()
    for document in documents:
        for scenario in document["scenarios"].values():
            if scenario["status"] != "scored":
                continue
            table, primary = scenario["patients"], scenario["primary"]
            assert len(set(table["patient"])) == len(table["patient"]) == len(table["split"])
            test = [k for k, split in enumerate(table["split"]) if split == "test"]
            if primary != "macro_f1":
                mean = np.mean([table[primary][k] for k in test])
                assert scenario["metrics"][primary] == pytest.approx(mean, rel=1e-4)
            else:
                counts = (
                    np.array([table["confusion"][k] for k in test])
                    .reshape(-1, len(CLASSES), len(CLASSES))
                    .sum(0)
                )
                hits, total = counts.diagonal(), counts.sum(0) + counts.sum(1)
                assert scenario["metrics"]["macro_f1"] == pytest.approx(
                    (2 * hits / total)[:4].mean(), rel=1e-4
                )


def controls(metric: str) -> dict[str, dict[str, float]]:
    documents, _ = read_plain()
    return {
        document["row"]: {name: s["metrics"][metric] for name, s in document["scenarios"].items()}
        for document in documents
        if document["family"] == "control"
        and document["status"] == "scored"
        and document["task"] == "interpolation"
    }


def test_the_controls_stand_where_they_must():
    """The anti-gaming table of the design, on the published synthetic board."""
    warped, plain = controls("warped_nrmse"), controls("nrmse")
    for gap in ("gap-10", "gap-30"):
        value = {row: found[gap] for row, found in warped.items()}
        assert value["oracle"] == 0
        assert value["blurred"] < value["comb"] < value["mean"] * 1.1 < value["noise"]
        assert value["comb"] > 0.9 * value["mean"] and value["late-100ms"] > 0.9 * value["mean"]
        assert plain["late-100ms"][gap] > plain["mean"][gap]


@pytest.mark.parametrize("board", ["synthetic", "mitdb"])
def test_every_control_gets_its_known_answer(board):
    documents, _ = read_documents(board)
    assert list(broken(documents)) == []


def test_controls_from_the_truth():
    signal = np.random.default_rng(0).normal(size=(2, 2, 500)).astype(np.float32)
    np.testing.assert_array_equal(distort("oracle", signal), signal)
    late = distort("late-100ms", signal)
    np.testing.assert_array_equal(late[..., 25:], signal[..., :-25])
    assert distort("blurred", signal).std() < 0.3
    with pytest.raises(UserError, match="from_truth names 'x'"):
        distort("x", signal)


@pytest.mark.parametrize("board", ["synthetic", "mitdb"])
def test_a_document_is_written_as_it_was_read(board):
    paths = sorted((ROOT / "leaderboard/scores" / board).glob("*/*-*.json"))
    assert len(paths) > 50
    for path in paths:
        text = path.read_text()
        assert dump(parse_document(json.loads(text)).plain()) == text, path


def test_numbers_and_documents_are_written_the_same_way_everywhere():
    assert [rounded(v) for v in (1 / 3, float("nan"), 123456.789)] == [0.333333, None, 123457.0]
    document = {"b": [1, 2], "a": {"x": {"y": 1, "z": None}}, "empty": {}}
    assert json.loads(dump(document)) == document
    assert (
        dump(document)
        == '{\n "b": [1, 2],\n "a": {\n  "x": {"y": 1, "z": null}\n },\n "empty": {}\n}\n'
    )
