"""Score a row on a board: one JSON document per task and seed, with one row per patient.

The document holds nothing that depends on when or where it was made, so that the same predictions
give the same bytes. Beside it lie `costs.json`, the cost and the machine of each cell, and
`examples.json`, windows to look at. Intervals are not part of it: the board works them out from the
patients' rows."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import contract, places
from benchmarks.baseline import baseline_filter
from benchmarks.cases.truth import BeatTruth, Truth
from benchmarks.contract import CLASSES, CONTRACT_VERSION, TASKS, Scenario, Status
from benchmarks.errors import UserError
from benchmarks.files import replacing
from benchmarks.metrics import completion, heartbeats
from benchmarks.metrics.table import MACRO_F1, primary_metric
from benchmarks.scenarios import HEARTBEAT
from benchmarks.settings import RATE, ROOT, Row, family, settings
from benchmarks.settings import board as find_board
from benchmarks.settings import row as find_row
from leaderboard.scoring.attribution import attribution
from leaderboard.scoring.costs import costs
from leaderboard.scoring.documents import (
    Document,
    ScoreDocument,
    dump,
    parse_document,
    rounded,
)
from leaderboard.scoring.examples import (
    QUESTIONS,
    beat_answers,
    beat_questions,
    window_answer,
    window_question,
)
from leaderboard.scoring.truth import BoardTruth
from pipeline.hashes import Hashes


class Outcome(NamedTuple):
    """How a cell ended, and for each scenario its scores and its examples."""

    status: str
    reason: str
    scenarios: Document
    examples: Document


class Scored(NamedTuple):
    """The score document of a cell, and its examples: for each scenario the answer in the one
    window that a board shows."""

    document: ScoreDocument
    examples: Document


def write_scores(board: str, row: str, root: Path = ROOT) -> list[ScoreDocument]:
    """Score a row and replace `leaderboard/scores/BOARD/ROW/` by its documents; the examples are
    those of its first seed."""
    cells = score(board, row, root)
    with replacing(root / places.scores(board, row)) as folder:
        for document, _ in cells:
            file = places.document(document.task, document.seed)
            (folder / file).write_text(dump(document.plain()))
        if spent := costs(board, row, root):
            (folder / places.COSTS).write_text(dump(spent))
        first = [cell.examples for cell in cells if cell.document.seed == 0]
        if shown := {name: answer for examples in first for name, answer in examples.items()}:
            (folder / places.EXAMPLES).write_text(dump(shown))
    return [document for document, _ in cells]


def score(board: str, row: str, root: Path = ROOT) -> list[Scored]:
    """Every cell of a row: for each task and seed a score or a typed failure."""
    truth = BoardTruth(find_board(board, root), root / places.cases(board))
    hashes = Hashes(root)
    cells = [
        score_cell(board, row, task, seed, root=root, truth=truth, hashes=hashes)
        for task in TASKS
        for seed in seeds(board, row, root)
    ]
    hashes.save()
    return cells


def seeds(board: str, row: str, root: Path = ROOT) -> list[int]:
    """The seeds of a row on a board; a control from the truth has one."""
    from_truth = row in settings(root).controls.from_truth
    return [0] if from_truth else find_row(row, root).seeds(find_board(board, root))


def score_cell(
    board: str,
    row: str,
    task: str,
    seed: int,
    *,
    root: Path = ROOT,
    runs: Path | None = None,
    truth: BoardTruth | None = None,
    hashes: Hashes | None = None,
) -> Scored:
    """The score of one cell, or its typed failure, from the statuses and predictions of its run.
    These lie below `runs`, a folder laid out like the project (None: the project). Whoever scores
    several cells passes the board's `truth` and `hashes`, so that they are read once."""
    truth = truth or BoardTruth(find_board(board, root), root / places.cases(board))
    from_truth = row in settings(root).controls.from_truth
    answered = (
        control_outcome(row, task, truth)
        if from_truth
        else outcome(
            find_row(row, root), task, seed, truth, (runs or root) / places.run(board, row, task)
        )
    )
    md5 = (hashes or Hashes(root)).of
    document = {
        "contract_version": CONTRACT_VERSION,
        "board": board,
        "row": row,
        "family": family(row, root),
        "task": task,
        "seed": seed,
        "status": answered.status,
        "reason": answered.reason,
        "scenarios": answered.scenarios,
        "provenance": attribution(board, row, task, seed, md5, root).model_dump(),
    }
    return Scored(parse_document(document), answered.examples)


def outcome(row: Row, task: str, seed: int, truth: BoardTruth, run: Path) -> Outcome:
    """The outcome of a method's cell, from the statuses and predictions in the folder `run`. Raises
    UserError where the predictions do not fit the cases."""
    if task not in row.tasks:
        probe = f", a probe of {row.pretraining}'s pretraining," if row.is_probe else ""
        return Outcome("not-applicable", f"{row.name}{probe} does not do {task}", {}, {})
    status = contract.load(Status, run / "status" / f"{places.seed(seed)}.json")
    if status.kind != "ok":
        return Outcome(status.kind, status.reason, {}, {})
    predictions = run / "predictions" / places.seed(seed)
    if task == "classification":
        return _beats_outcome(
            np.load(predictions / f"{HEARTBEAT.name}.npy", allow_pickle=False), truth
        )
    scenarios: Document = {}
    examples: Document = {}
    for scenario in truth.scenarios(task):
        if not row.answers(scenario):
            scenarios[scenario.name] = {"status": "not-applicable"}
            continue
        wanted = truth.wanted(scenario)
        values = np.load(predictions / f"{scenario.name}.npy", allow_pickle=False)
        if values.shape != (int(wanted.sum()),):
            raise UserError(
                f"{predictions / scenario.name}.npy holds {values.size} samples, the case wants"
                f" {wanted.sum()}; the cases were made again since: make the run again"
            )
        completed = np.array(truth.windows.signal)
        completed[wanted] = values
        scenarios[scenario.name] = _score_completed(completed, scenario, truth)
        examples[scenario.name] = window_answer(truth, scenario, completed)
    return Outcome("scored", "", scenarios, examples)


def control_outcome(control: str, task: str, truth: BoardTruth) -> Outcome:
    """The outcome of a control that is made from the truth: the scorer makes it, because no method
    may see the truth."""
    asks = control == QUESTIONS
    if task == "classification":
        if control != "oracle":
            reason = f"{control} is a control of the completion tasks"
            return Outcome("not-applicable", reason, {}, {})
        beats = _beats_outcome(np.eye(len(CLASSES))[truth.beats.labels], truth)
        return beats._replace(examples={HEARTBEAT.name: beat_questions(truth)}) if asks else beats
    scenarios: Document = {}
    examples: Document = {}
    for scenario in truth.scenarios(task):
        completed = np.where(truth.wanted(scenario), truth.distorted(control), truth.windows.signal)
        scenarios[scenario.name] = _score_completed(completed, scenario, truth)
        examples[scenario.name] = (
            window_question(truth, scenario) if asks else window_answer(truth, scenario, completed)
        )
    return Outcome("scored", "", scenarios, examples)


def _beats_outcome(probabilities: np.ndarray, truth: BoardTruth) -> Outcome:
    """The outcome of a classification, from its probabilities (beats, classes)."""
    decided, tau = heartbeats.decisions(probabilities, truth.beats)
    return Outcome(
        "scored",
        "",
        scenarios={HEARTBEAT.name: score_beats(probabilities, decided, tau, truth.beats)},
        examples={HEARTBEAT.name: beat_answers(truth, decided)},
    )


def _score_completed(completed: np.ndarray, scenario: Scenario, truth: BoardTruth) -> Document:
    return score_windows(completed, truth.wanted(scenario), scenario, truth.windows, truth.filtered)


def score_windows(
    completed: np.ndarray, mask: np.ndarray, scenario: Scenario, truth: Truth, filtered: np.ndarray
) -> Document:
    """The scores of one completion scenario.

    `completed` (windows, leads, samples) in mV holds the truth where visible and the prediction
    where wanted; both it and the truth pass the scorer's baseline filter before they are compared.
    """
    per_window = completion.completion_metrics(
        filtered, baseline_filter(completed, RATE), mask, truth.scale, RATE, scenario.hides
    )
    patients = list(dict.fromkeys(truth.patient))
    rows = [truth.patient == patient for patient in patients]
    split = [str(truth.split[mine][0]) for mine in rows]
    table: Document = {
        "patient": list(map(str, patients)),
        "split": split,
        "windows": [int(m.sum()) for m in rows],
    }
    hits, false, missed = (per_window.pop(f"rpeak_{kind}") for kind in ("tp", "fp", "fn"))
    counts = np.array([[kind[mine].sum() for kind in (hits, false, missed)] for mine in rows])
    table["rpeak_tp_fp_fn"] = counts.astype(int).tolist()
    means = {name: [_mean(values[mine]) for mine in rows] for name, values in per_window.items()}
    # A patient none of whose R peaks is hidden has no F1.
    means["rpeak_f1"] = [
        2 * tp / (2 * tp + fp + fn) if tp + fn else math.nan for tp, fp, fn in counts
    ]
    table |= {name: [rounded(value) for value in values] for name, values in means.items()}
    test = np.asarray(split) == "test"
    pooled = {name: rounded(_mean(np.asarray(values)[test])) for name, values in means.items()}
    return {
        "status": "scored",
        "primary": primary_metric(scenario),
        "metrics": pooled,
        "patients": table,
    }


def score_beats(
    probabilities: np.ndarray, decided: np.ndarray, tau: float, truth: BeatTruth
) -> Document:
    """The scores of the heartbeat scenario from probabilities (beats, classes) and the classes
    (beats,) that the harness decided by them with `tau`."""
    test = truth.split == "test"
    patients = list(dict.fromkeys(truth.patient))
    confusions = np.stack(
        [
            heartbeats.confusion(truth.labels[truth.patient == p], decided[truth.patient == p])
            for p in patients
        ]
    )
    split = np.array([truth.split[truth.patient == p][0] for p in patients])
    pooled = heartbeats.beat_metrics(probabilities[test], decided[test], truth.labels[test])
    return {
        "status": "scored",
        "primary": MACRO_F1.name,
        "tau": round(float(tau), 1),
        "metrics": {name: rounded(number) for name, number in pooled.items()},
        "patients": {
            "patient": [str(p) for p in patients],
            "split": [str(s) for s in split],
            "confusion": [matrix.astype(int).ravel().tolist() for matrix in confusions],
        },
    }


def _mean(values: np.ndarray) -> float:
    """Mean over the windows, or patients, in which a metric is defined; NaN if there are none."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else math.nan
