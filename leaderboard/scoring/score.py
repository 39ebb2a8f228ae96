"""Score a row on a board: one JSON document per task and seed, with one row per patient.

The document holds nothing that depends on when or where it was made, so that the same predictions
give the same bytes; what a cell cost and on which machine lies beside it, in `costs.json`, and
windows to look at in `examples.json`. Intervals are not part of it: the board draws them from the
patients' rows."""

import math
from pathlib import Path

import numpy as np

from benchmarks import contract, places
from benchmarks.baseline import baseline_filter
from benchmarks.cases.truth import BeatTruth, Truth, read_beat_truth, read_truth
from benchmarks.contract import CLASSES, TASKS, Scenario, Status
from benchmarks.errors import UserError
from benchmarks.files import digest, replacing
from benchmarks.metrics import completion as metrics
from benchmarks.metrics import heartbeats as beat_metrics
from benchmarks.metrics.table import MACRO_F1, primary_metric
from benchmarks.scenarios import of_task, wanted
from benchmarks.settings import RATE, ROOT, Board, Row, family, rows, settings
from benchmarks.settings import row as find_row
from leaderboard.scoring.controls import distort
from leaderboard.scoring.documents import HARNESS_VERSION, Document, dump, recorded_source, rounded
from leaderboard.scoring.examples import examples
from pipeline.hashes import Hashes


def score(board_name: str, row_name: str, root: Path = ROOT) -> list[Document]:
    """Every document of a row: for each task and seed a score or a typed failure."""
    board = settings(root).boards[board_name]
    cases = root / places.cases(board_name)
    from_truth = row_name in settings(root).controls.from_truth
    row = None if from_truth else find_row(row_name, root)
    leads = np.load(cases / "truth/windows.npy", mmap_mode="r").shape[1]
    hashes = Hashes(root)
    documents = []
    for task in TASKS:
        chosen = of_task(task, leads)
        for seed in row.seeds(board) if row else [0]:
            result = (
                _control(row_name, task, chosen, cases)
                if row is None
                else _cell(
                    row, task, seed, chosen, cases, root / places.run(board_name, row_name, task)
                )
            )
            about = {
                "board": board_name,
                "row": row_name,
                "family": family(row_name, root),
                "task": task,
                "seed": seed,
            }
            documents.append(
                {
                    "contract_version": contract.CONTRACT_VERSION,
                    **about,
                    **result,
                    "provenance": provenance(board_name, board, row, task, seed, hashes),
                }
            )
    hashes.save()
    return documents


def provenance(
    board_name: str, board: Board, row: Row | None, task: str, seed: int, hashes: Hashes
) -> Document:
    """What a cell was made from. `key` is the cell's comparability key: two cells of one key hold
    one number; `column` is the same for all cells that may stand in one column."""
    asked = {
        "predict": hashes.of(places.cases(board_name, "predict", task)),
        "truth": hashes.of(places.cases(board_name, "truth")),
    }
    learns = row is not None and "fit" in row.card.verbs
    scorer = recorded_source(hashes.root / "benchmarks", "score")
    versions = {"contract": contract.CONTRACT_VERSION, "harness": HARNESS_VERSION}
    made_from = {
        "data": {
            **asked,
            **({"fit": hashes.of(places.cases(board_name, "fit"))} if learns else {}),
        },
        "source": recorded_source(row.folder, "method") if row else scorer,
        "params": row.params if row else {},
        "pretraining": (
            rows(hashes.root)[row.pretraining].params if row and row.pretraining else None
        ),
        "budget": board.budget.model_dump() if learns else None,
        "seed": seed,
        **versions,
    }
    return {
        **made_from,
        "scorer": scorer,
        "key": digest(made_from),
        "column": digest([asked, scorer, versions]),
    }


def _cell(
    row: Row, task: str, seed: int, chosen: list[Scenario], cases: Path, run: Path
) -> Document:
    if task not in row.tasks:
        probe = f", a probe of {row.pretraining}'s pretraining," if row.is_probe else ""
        return _failure("not-applicable", f"{row.name}{probe} does not do {task}")
    status = contract.load(Status, run / "status" / f"{places.seed(seed)}.json")
    if status.kind != "ok":
        return _failure(status.kind, status.reason)
    predictions = run / "predictions" / places.seed(seed)
    if task == "classification":
        probabilities = np.load(predictions / "heartbeat.npy", allow_pickle=False)
        return _scored({"heartbeat": score_beats(probabilities, read_beat_truth(cases / "truth"))})
    truth, filtered = _completion_truth(cases)
    scenarios: Document = {}
    for scenario in chosen:
        if not row.answers(scenario):
            scenarios[scenario.name] = {"status": "not-applicable"}
            continue
        mask = wanted(cases / "predict" / task / scenario.name, scenario)
        values = np.load(predictions / f"{scenario.name}.npy", allow_pickle=False)
        if values.shape != (int(mask.sum()),):
            raise UserError(
                f"{predictions / scenario.name}.npy holds {values.size} samples, the case wants"
                f" {mask.sum()}; the cases were made again since: run the cell again"
            )
        completed = np.array(truth.signal)
        completed[mask] = values
        scenarios[scenario.name] = score_windows(completed, mask, scenario, truth, filtered)
    return _scored(scenarios)


def _control(name: str, task: str, chosen: list[Scenario], cases: Path) -> Document:
    """A control that needs the truth: no method may ask for it, so it is made here."""
    if task == "classification":
        if name != "oracle":
            return _failure("not-applicable", f"{name} is a control of the completion tasks")
        beats = read_beat_truth(cases / "truth")
        return _scored({"heartbeat": score_beats(np.eye(len(CLASSES))[beats.labels], beats)})
    truth, filtered = _completion_truth(cases)
    guess = distort(name, np.asarray(truth.signal))
    scenarios = {}
    for scenario in chosen:
        mask = wanted(cases / "predict" / task / scenario.name, scenario)
        completed = np.where(mask, guess, truth.signal)
        scenarios[scenario.name] = score_windows(completed, mask, scenario, truth, filtered)
    return _scored(scenarios)


def _completion_truth(cases: Path) -> tuple[Truth, np.ndarray]:
    truth = read_truth(cases / "truth")
    return truth, baseline_filter(np.asarray(truth.signal), RATE)


def score_windows(
    completed: np.ndarray, mask: np.ndarray, scenario: Scenario, truth: Truth, filtered: np.ndarray
) -> Document:
    """The scores of one completion scenario.

    `completed` (windows, leads, samples) in mV holds the truth where visible and the prediction
    where wanted; both it and the truth pass the scorer's baseline filter before they are compared.
    """
    per_window = metrics.completion_metrics(
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


def score_beats(probabilities: np.ndarray, truth: BeatTruth) -> Document:
    """The scores of the heartbeat scenario from probabilities (beats, classes)."""
    test = truth.split == "test"
    decided, tau = beat_metrics.decisions(probabilities, truth)
    patients = list(dict.fromkeys(truth.patient))
    confusions = np.stack(
        [
            beat_metrics.confusion(truth.labels[truth.patient == p], decided[truth.patient == p])
            for p in patients
        ]
    )
    split = np.array([truth.split[truth.patient == p][0] for p in patients])
    pooled = beat_metrics.beat_metrics(probabilities[test], decided[test], truth.labels[test])
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


def _scored(scenarios: Document) -> Document:
    return {"status": "scored", "reason": "", "scenarios": scenarios}


def _failure(kind: str, reason: str) -> Document:
    return {"status": kind, "reason": reason, "scenarios": {}}


def _mean(values: np.ndarray) -> float:
    """Mean over the windows, or patients, for whom a metric is defined; NaN where it is for
    none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan


def costs(board_name: str, row_name: str, root: Path = ROOT) -> Document:
    """What the row's cells cost and on which machine, by task and seed."""
    found: Document = {}
    for path in sorted((root / places.run(board_name, row_name)).glob("*/status/*.json")):
        status = contract.load(Status, path)
        calls = [call.model_dump(exclude={"command"}) for call in status.calls]
        found[f"{path.parent.parent.name}/{path.stem}"] = {
            "wall_s": round(sum(call.wall_s for call in status.calls), 2),
            "cpu_s": round(sum(call.cpu_s for call in status.calls), 2),
            "peak_memory_mb": max((call.peak_memory_mb for call in status.calls), default=0),
            "energy_j": _total([call.energy_j for call in status.calls]),
            "parameters": status.parameters,
            "steps": status.steps,
            "runner": status.runner,
            "image": status.image,
            "hardware": status.hardware,
            "log_tail": status.log_tail,
            "calls": calls,
        }
    return found


def _total(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 1) if known and len(known) == len(values) else None


def write_scores(board_name: str, row_name: str, root: Path = ROOT) -> list[Document]:
    """Score a row and replace `leaderboard/scores/BOARD/ROW/` by its documents."""
    documents = score(board_name, row_name, root)
    with replacing(root / places.scores(board_name, row_name)) as out:
        for document in documents:
            file = places.document(document["task"], document["seed"])
            (out / file).write_text(dump(document))
        if spent := costs(board_name, row_name, root):
            (out / places.COSTS).write_text(dump(spent))
        if shown := _examples(board_name, row_name, root):
            (out / places.EXAMPLES).write_text(dump(shown))
    return documents


def _examples(board_name: str, row_name: str, root: Path) -> Document:
    cases = root / places.cases(board_name)
    leads = np.load(cases / "truth/windows.npy", mmap_mode="r").shape[1]
    chosen = settings(root)
    from_truth = row_name in chosen.controls.from_truth
    return examples(
        chosen.boards[board_name],
        row_name,
        from_truth,
        cases,
        root / places.run(board_name, row_name),
        leads,
    )
