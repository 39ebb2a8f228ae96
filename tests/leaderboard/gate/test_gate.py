"""Everything that keeps a board from being published, each tripped once on a small made board."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks.contract import CLASSES, TASKS
from benchmarks.errors import UserError
from benchmarks.scenarios import of_task
from benchmarks.settings import board_rows, rows
from leaderboard.board import write_board
from leaderboard.gate.accounting import expected_cells
from leaderboard.gate.flaws import flaws
from leaderboard.gate.gate import check_gate, trips
from leaderboard.gate.policing import LEAST_ERROR, broken
from leaderboard.gate.trip import Trip
from leaderboard.records.boards import read_cells
from leaderboard.records.cells import read_documents, read_scores
from leaderboard.scoring.attribution import resealed
from leaderboard.scoring.documents import (
    HARNESS_VERSION,
    Document,
    Provenance,
    ScoreDocument,
    dump,
    parse_document,
)
from leaderboard.views.readme import summary_table
from pipeline.mend import prune_locks
from tests.helpers.gate_board import (
    BOARD,
    PATIENTS,
    SPLIT,
    TEST,
    document,
    edit,
    errors,
    lock,
    score_file,
    write_project,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("gate")
    write_project(root)
    return root


@pytest.fixture
def root(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "project")
    return tmp_path / "project"


def found(root: Path) -> list[Trip]:
    return trips(BOARD, read_scores(BOARD, root), root)


def assert_refused(root: Path, *patterns: str) -> None:
    """The board is refused for just these reasons, and nothing is written."""
    with pytest.raises(UserError) as error:
        write_board(BOARD, root)
    lines = [line for line in str(error.value).splitlines() if line.startswith("- ")]
    for pattern in patterns:
        assert any(re.search(pattern, line) for line in lines), (
            f"{pattern} is not among\n{error.value}"
        )
    assert len(lines) == len(patterns), error.value
    assert not (root / "leaderboard/boards").exists()


def test_a_sound_board_passes_and_is_written(root):
    assert found(root) == []
    board = write_board(BOARD, root)
    assert "# Leaderboard: small" in board.read_text()
    documents, _ = read_documents(BOARD, root)
    assert len(documents) == len(expected_cells(BOARD, root))
    assert len(documents) == 9 * len(TASKS) + len(TASKS) * 2, "two rows have two seeds"


# The conservation law


def test_a_missing_cell(root):
    score_file(root, "linear", "forecasting").unlink()
    lock(root)
    assert_refused(root, r"linear/forecasting-0: unaccounted for; run it: pqrst repro small")


def test_a_row_that_is_gone_from_params_but_on_disk(root):
    (root / "methods/linear/params.json").write_text('{"another": {}}')
    (root / "methods/linear/dvc.yaml").write_text(
        (root / "methods/linear/dvc.yaml").read_text().replace("- linear\n", "- another\n")
    )
    rows.cache_clear()
    assert {"linear", "another"} & set(board_rows(BOARD, root)) == {"another"}
    assert_refused(
        root,
        "another/classification-0, .*another/reconstruction-0: unaccounted for",
        "linear/classification-0, .*: belongs to no row of methods/.*remove"
        " leaderboard/scores/small/linear$",
        "^- methods/linear/dvc.yaml:run@small-linear-forecasting, .*score@small-linear: an orphan:"
        " a dvc.lock records",
        "^- leaderboard/scores/small/linear: no stage makes it; remove it",
        "^- methods/linear/dvc.yaml:run@small-another-.*: it never ran",
    )


def test_a_document_of_a_cell_that_is_not_asked_for(root):
    extra = score_file(root, "linear", "forecasting", 1)
    extra.write_text(json.dumps(document("linear", "forecasting", 1, root)))
    lock(root)
    assert any(
        trip.what == "linear/forecasting-1" and "no such cell" in trip.why for trip in found(root)
    )


def test_a_cell_twice(root):
    scores = read_scores(BOARD, root)
    twice = next(each for each in scores.documents if each.name == "mean/forecasting-0")
    with pytest.raises(
        UserError, match="mean/forecasting-0: there are 2 documents of this cell; keep one"
    ):
        check_gate(BOARD, scores._replace(documents=[*scores.documents, twice]), root)


def test_a_name_that_two_methods_claim(root):
    (root / "methods/linear/params.json").write_text('{"linear": {}, "mean": {}}')
    rows.cache_clear()
    with pytest.raises(UserError, match="row 'mean' is taken by"):
        write_board(BOARD, root)


# The form of a document


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not readable as JSON"),
        ("[]", "no score document"),
        ('{"row": NaN}', "not readable as JSON .NaN is no number"),
        ('{"row": -Infinity}', "not readable as JSON .-Infinity is no number"),
    ],
)
def test_a_truncated_document_or_one_with_nan_is_named(root, text, message):
    score_file(root, "mean", "forecasting").write_text(text)
    score_file(root, "comb", "forecasting").write_text("{")
    with pytest.raises(
        UserError, match=rf"(?s)comb/forecasting-0.json.*mean/forecasting-0.json: {message}"
    ):
        write_board(BOARD, root)
    assert not (root / "leaderboard/boards").exists()


def flaws_of(content: Document) -> list[str]:
    """Why a document can't be read, or else where it contradicts itself."""
    try:
        return list(flaws(parse_document(content)))
    except UserError as error:
        return [str(error)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["provenance"].update(harness=HARNESS_VERSION - 1),
            "scored by harness version .*, expected",
        ),
        (lambda d: d["provenance"].update(contract=2), "scored by contract version 2, expected 1"),
        (lambda d: d.update(provenance={}), "has no provenance"),
        (lambda d: d["provenance"].pop("source"), "provenance.source: Field required"),
        (lambda d: d.update(status="fine"), "status.*found 'fine'"),
        (lambda d: d.update(status="timeout"), "says timeout and holds scores all the same"),
        (lambda d: d.update(scenarios={}), "says that it is scored and holds no scenario"),
        (lambda d: d["scenarios"]["forecast-20"]["metrics"].update(warped_nrmse="0.5"), None),
        (
            lambda d: d["scenarios"]["forecast-20"]["metrics"].update(warped_nrmse=None),
            "warped_nrmse, has no value",
        ),
        (
            lambda d: d["scenarios"]["forecast-20"]["metrics"].update(warped_nrmse=1e999),
            "finite number",
        ),
        (
            lambda d: d["scenarios"]["forecast-20"]["metrics"].update(warped_nrmse=0.3),
            "warped_nrmse is 0.3, but",
        ),
        (
            lambda d: d["scenarios"]["forecast-20"]["patients"].update(warped_nrmse=[1e999] * 8),
            "rows give inf",
        ),
        (
            lambda d: d["scenarios"]["forecast-20"]["patients"]["split"].pop(),
            "expected one row per patient",
        ),
        (
            lambda d: d["scenarios"]["forecast-20"]["patients"].update(warped_nrmse=["x"] * 8),
            "do not hold the numbers",
        ),
    ],
)
def test_a_document_that_is_none(root, change, message):
    content = document("linear", "forecasting", 0, root)
    assert flaws_of(content) == []
    change(content)
    wrong = flaws_of(content)
    assert wrong if message is None else any(re.search(message, flaw) for flaw in wrong), wrong


def test_one_such_document_keeps_the_board_back(root):
    edit(
        root,
        "linear",
        "forecasting",
        lambda d: d["scenarios"]["forecast-20"]["metrics"].update(warped_nrmse=0.3),
    )
    assert_refused(
        root,
        r"linear/forecasting-0: forecast-20: warped_nrmse is 0.3, but its patients' rows give 0.49",
    )


def test_a_part_of_what_was_asked_is_no_score(root):
    edit(root, "linear", "forecasting", lambda d: d["scenarios"].pop("forecast-50"))
    edit(
        root,
        "linear",
        "interpolation",
        lambda d: d["scenarios"].update({"gap-30": {"status": "not-applicable"}}),
    )
    assert_refused(
        root,
        "linear/forecasting-0/forecast-50: missing, or not asked for",
        "linear/interpolation-0/gap-30: is not-applicable, which is not what the method's card"
        " says",
    )


def test_a_score_on_fewer_patients(root):
    def fewer(content):
        scenario = content["scenarios"]["forecast-50"]
        scenario["patients"] = {key: column[:-1] for key, column in scenario["patients"].items()}
        scenario["metrics"]["warped_nrmse"] = float(
            np.mean(scenario["patients"]["warped_nrmse"][TEST])
        )

    edit(root, "linear", "forecasting", fewer)
    assert_refused(
        root, "linear/forecasting-0/forecast-50: was not scored on the patients that the oracle was"
    )


# Provenance


def attribute(content: Document, **changes: Any) -> None:
    """Say that a document was made from something else, with the digests that this gives."""
    said = Provenance(**content["provenance"] | changes)
    content["provenance"] = resealed(said).model_dump()


@pytest.mark.parametrize(
    ("row", "task", "changes", "messages"),
    [
        (
            "linear",
            "forecasting",
            {"source": "others"},
            ["its source is others, by methods/linear/source.json it is"],
        ),
        (
            "linear",
            "forecasting",
            {"params": {"x": 1}},
            ['its params is {"x": 1}, by methods/linear/params.json'],
        ),
        ("linear", "forecasting", {"seed": 3}, ["its seed is 3, by its name it is 0"]),
        (
            "prior",
            "classification",
            {"budget": {"steps": 11, "windows": 100}},
            ['its budget is .*"steps": 11'],
        ),
        (
            "linear",
            "forecasting",
            {"pretraining": {}},
            ["its pretraining is {}, by methods/linear/params.json"],
        ),
        (
            "oracle",
            "forecasting",
            {"source": "others"},
            ["its source is others, by benchmarks/source.json"],
        ),
    ],
)
def test_a_score_of_other_sources_or_parameters(root, row, task, changes, messages):
    edit(root, row, task, lambda d: attribute(d, **changes))
    assert_refused(root, *(f"{row}/{task}-0: {message}" for message in messages))


@pytest.mark.parametrize("key", ["key", "column"])
def test_a_digest_that_its_provenance_does_not_give(root, key):
    edit(root, "linear", "classification", lambda d: d["provenance"].update({key: "0" * 64}))
    assert_refused(
        root,
        f"linear/classification-0: its {key} is 0000000000000000…, by the rest of its provenance",
    )


def test_two_scorers_in_one_column(root):
    edit(root, "linear", "forecasting", lambda d: attribute(d, scorer="another"))
    assert_refused(
        root,
        "small/forecasting: oracle, .* and linear were scored on different data, or by different"
        " scorers",
        "linear/forecasting-0: its scorer is another, by benchmarks/source.json it is the scorer",
    )


def test_two_data_versions_in_one_column(root):
    def other(content):
        data = content["provenance"]["data"] | {"truth": "0" * 32 + ".dir"}
        attribute(content, data=data)

    edit(root, "linear", "forecasting", other)
    assert_refused(
        root,
        "small/forecasting: .* and linear were scored on different data",
        "linear/forecasting-0: was scored on another data/boards/small/truth than is recorded",
    )


def test_a_score_without_a_machine(root):
    (root / "leaderboard/scores/small/linear/costs.json").unlink()
    lock(root)
    assert_refused(
        root, "linear/interpolation-0, .*: costs.json does not say by which runner it was made"
    )


# The locks


def test_a_score_that_its_lock_does_not_record(root):
    def better(content):
        scenario = content["scenarios"]["forecast-50"]
        scenario["patients"]["warped_nrmse"] = [0.2] * 8
        scenario["metrics"]["warped_nrmse"] = 0.2

    edit(root, "linear", "forecasting", better, recorded=False)
    assert_refused(
        root, "leaderboard/scores/small/linear: is not what its stage recorded: edited by hand"
    )


def test_a_row_whose_sources_are_not_those_that_made_it(root):
    (root / "methods/linear/source.json").write_text('{"method": "newer"}')
    assert_refused(
        root,
        "run@small-linear-forecasting.*: params changed in methods/./source.json",
        "linear/.*: its source is .*, by methods/linear/source.json it is newer",
    )


def test_predictions_that_are_not_those_that_were_scored(root):
    path = root / "methods/linear/dvc.lock"
    content = yaml.safe_load(path.read_text())
    content["stages"]["run@small-linear-forecasting"]["outs"][0]["md5"] = "0" * 32 + ".dir"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    assert_refused(
        root,
        "runs/small/linear/forecasting/predictions: .*run@.* and .*score@.* do not name the"
        " same one",
    )


def test_an_orphan_in_a_lock_and_how_it_is_taken_out(root):
    path, before = root / "dvc.lock", (root / "dvc.lock").read_text()
    path.write_text(
        before + "  control@small-gone:\n    cmd: x\n    outs:\n    - path: y\n      md5: z\n"
    )
    assert_refused(
        root, "control@small-gone: an orphan: a dvc.lock records it, .*: pqrst sync --prune"
    )
    assert prune_locks(root) == ["control@small-gone"]
    assert path.read_text() == before
    assert prune_locks(root) == []
    assert found(root) == []


def test_a_lock_of_orphans_alone_goes_with_them(root):
    (root / "methods/linear/dvc.yaml").write_text("stages: {}\n")
    assert len(prune_locks(root)) == 4
    assert not (root / "methods/linear/dvc.lock").exists()


def test_a_folder_of_scores_that_no_stage_makes(root):
    shutil.copytree(root / "leaderboard/scores/small/mean", root / "leaderboard/scores/small/ghost")
    for path in (root / "leaderboard/scores/small/ghost").glob("*-0.json"):
        path.write_text(path.read_text().replace('"row": "mean"', '"row": "ghost"'))
    assert_refused(
        root,
        "ghost/classification-0, .*: belongs to no row",
        "leaderboard/scores/small/ghost: no stage makes it; remove it",
    )


# The splits


def test_a_patient_who_is_tested_and_validated_on(root):
    def leak(content):
        for scenario in content["scenarios"].values():
            scenario["patients"]["split"] = ["test", *SPLIT[1:]]
            values = scenario["patients"][scenario["primary"]]
            scenario["metrics"][scenario["primary"]] = float(np.mean([values[0], *values[TEST]]))

    edit(root, "linear", "forecasting", leak)
    assert any("patient 'p0' stands in test, and in validation" in trip.why for trip in found(root))


def test_a_patient_with_two_rows(root):
    def twice(content):
        content["scenarios"]["forecast-20"]["patients"]["patient"] = ["p7", *PATIENTS[1:]]

    edit(root, "mean", "forecasting", twice)
    whys = {trip.why for trip in found(root)}
    assert "patient 'p7' has 2 rows" in whys
    assert any("'p7' stands in validation, and in test" in why for why in whys)


def prepared(root: Path, splits: dict[str, list[str]], patients: dict[str, str]) -> Path:
    folder = root / "data/records/synthetic"
    folder.mkdir(parents=True, exist_ok=True)
    keys = {"leads": ["II", "V1"], "samples": 2500, "beats": 9, "report": None}
    (folder / "records.json").write_text(
        json.dumps([{"name": n, "patient": p, **keys} for n, p in patients.items()])
    )
    (folder / "splits.json").write_text(json.dumps(splits))
    return folder


def test_a_split_of_the_data_that_leaks(root):
    splits = {"train": ["201"], "validation": ["203"], "test": ["202"]}
    prepared(root, splits, {"201": "a", "202": "a", "203": "b"})
    assert_refused(
        root, r"data/records/synthetic: patient 'a' stands in both 'train' and 'test': a leak"
    )


def test_a_training_set_with_a_test_patient_in_it(root):
    splits = {"train": ["201"], "validation": ["203"], "test": ["202"]}
    prepared(root, splits, {"201": "c", "202": "a", "203": "b"})
    assert found(root) == []
    train = root / "data/boards/small/fit/windows/train"
    train.mkdir(parents=True)
    (train / "windows.json").write_text(json.dumps({"patients": [2, 2, 0]}))
    whys = {(trip.what, trip.why) for trip in found(root)}
    assert (
        "data/boards/small/fit/windows/train/windows.json",
        "holds test patient 'a': a leak",
    ) in whys


# The controls


def with_levels(root: Path, **levels: float) -> list[ScoreDocument]:
    """The board's documents with other errors of some rows, the same for every patient but a little
    noise."""
    documents, _ = read_documents(BOARD, root)
    for content in documents:
        level = levels.get(content.row.replace("-", "_"))
        for name, scenario in content.scored().items():
            if level is not None and scenario.primary and scenario.primary != "macro_f1":
                scenario.patients[scenario.primary] = errors(level, content.row, name)
    return documents


def test_controls_in_their_place(root):
    assert list(broken(with_levels(root))) == []
    assert list(broken(with_levels(root, comb=0.96))) == []


@pytest.mark.parametrize(
    ("levels", "row", "message"),
    [
        ({"oracle": 0.05}, "oracle", "must be perfect: it is the truth.*found error 0.0[45]"),
        (
            {"late_100ms": 0.0},
            "late-100ms",
            "must be worse than oracle: a beat 100 ms late is another beat",
        ),
        (
            {"late_100ms": 0.9},
            "late-100ms",
            "must not be better than mean: 100 ms late must not be forgiven",
        ),
        ({"blurred": 0.0}, "blurred", "must be worse than oracle"),
        (
            {"blurred": 1.1},
            "blurred",
            r"must be better than mean.*the difference in error is \+0.[01]",
        ),
        ({"noise": 0.98}, "noise", "must be worse than mean: a frantic line must not win"),
        (
            {"comb": 0.85},
            "comb",
            "must not be better than mean by more than 5%.*it is better by 1[3-7]",
        ),
        ({"linear": -0.1}, "linear", "has error -0.[01].*has seen the truth"),
        (
            {"linear": LEAST_ERROR / 10},
            "linear",
            "has error 0.00[01].*that is no estimate, it has seen the truth",
        ),
    ],
)
def test_a_control_that_misbehaves(root, levels, row, message):
    documents = with_levels(root, **levels)
    wrong = list(broken(documents))
    named = {
        each.what
        for each in wrong
        if each.what.startswith(f"{row}/") and re.search(message, each.why)
    }
    asked = {
        f"{row}/{name}"
        for content in documents
        for name, scenario in content.scored().items()
        if content.row == row and scenario.primary != "macro_f1"
    }
    assert len(asked) >= 9
    assert named >= asked, wrong


def answer_rightly(documents: list[ScoreDocument], row: str, hits: float) -> None:
    """Give a row a share of right answers in every class."""
    for content in documents:
        if content.row == row and content.task == "classification":
            table = content.scenarios["heartbeat"].patients
            for k, flat in enumerate(table["confusion"]):
                matrix = np.array(flat).reshape(len(CLASSES), len(CLASSES))
                true = matrix.sum(1)
                right = np.round(true * hits).astype(int)
                again = np.diag(right)
                again[:, 0] += true - right
                table["confusion"][k] = again.ravel().tolist()


@pytest.mark.parametrize("row", ["prior", "shuffled-labels"])
def test_a_control_above_chance(root, row):
    documents = with_levels(root)
    answer_rightly(documents, row, 0.6)
    (wrong,) = broken(documents)
    assert wrong.what == f"{row}/heartbeat"
    assert re.search("must be at chance.*best constant answer gets", wrong.why)


def test_an_oracle_that_errs_on_heartbeats(root):
    documents = with_levels(root)
    answer_rightly(documents, "oracle", 0.6)
    (wrong,) = broken(documents)
    assert wrong.what == "oracle/heartbeat"
    assert "must be perfect" in wrong.why


def test_a_misbehaving_control_keeps_the_board_back(root):
    for content in with_levels(root, comb=0.8):
        if content.row == "comb":
            for scenario in content.scored().values():
                metric = str(scenario.primary)
                scenario.metrics[metric] = float(np.mean(scenario.of_test(metric)))
            score_file(root, "comb", content.task).write_text(dump(content.plain()))
    lock(root)
    with pytest.raises(
        UserError, match="comb/gap-10: must not be better than mean by more than 5%"
    ):
        write_board(BOARD, root)


def test_a_control_that_failed(root):
    failure = {"status": "crashed", "reason": "exit status 1", "scenarios": {}}
    edit(root, "comb", "forecasting", lambda d: d.update(failure))
    assert_refused(
        root,
        r"comb/forecasting-0: a control that failed \(crashed\) polices nothing; pqrst repro"
        r" small --again failures",
    )


# A partial run


def test_a_partial_run_does_not_outscore_a_full_one(root):
    """The best row of all, with one failed cell: it has its numbers where it has them, and nothing
    over all tasks."""
    failure = {"status": "crashed", "reason": "exit status 1", "scenarios": {}}
    edit(root, "linear", "interpolation", lambda d: d.update(failure))
    board = write_board(BOARD, root)
    assert re.findall(r"\| (\S+ \(.*?tasks\)) +\|", board.read_text()) == ["linear (2/3 tasks)"] * 3
    cells = read_cells(BOARD, root)
    line = next(line for line in summary_table(cells).splitlines() if line.startswith("| linear"))
    values = [part.strip() for part in line.split("|")[2:-1]]
    asked = [scenario for task in TASKS for scenario in of_task(task, 2)]
    for scenario, value in zip(asked, values, strict=True):
        scored = scenario.task in ("reconstruction", "forecasting") and scenario.hides != "noise"
        assert bool(value) is scored, (scenario.name, value)
