"""A small made board on disk that the gate lets through: methods' folders, score documents, costs
and locks, but no data and no runs."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import places
from benchmarks.contract import CONTRACT_VERSION
from benchmarks.files import digest
from benchmarks.metrics.table import primary_metric
from benchmarks.scenarios import of_task
from benchmarks.settings import ROOT, family, method_folders, rows
from leaderboard.gate.accounting import expected_cells
from leaderboard.scoring.attribution import attribution
from leaderboard.scoring.documents import dump, rounded
from pipeline.hashes import Hashes
from pipeline.stages import method_stages, yaml_text
from pipeline.state import read_params, read_stages

BOARD = "small"
METHODS = ("mean", "noise", "comb", "linear", "prior", "shuffled-labels")
PATIENTS = [f"p{k}" for k in range(8)]
SPLIT = ["validation"] * 2 + ["test"] * 6
TEST = slice(2, None)
LEVELS = {
    "oracle": 0.0,
    "late-100ms": 1.3,
    "blurred": 0.7,
    "mean": 1.0,
    "noise": 1.5,
    "comb": 1.0,
    "linear": 0.5,
}
PARAMS = """\
boards:
  small:
    dataset: synthetic
    seed: 1
    windows_per_record: 2
    seeds: 2
    budget: {steps: 10, windows: 100}
controls:
  from_truth: [oracle, late-100ms, blurred]
  methods: [mean, noise, comb, prior, shuffled-labels]
"""
STAGES = """\
stages:
  cases@small:
    cmd: pqrst cases small
    outs: [data/boards/small/fit, data/boards/small/predict, data/boards/small/truth]
  control:
    matrix:
      board: [small]
      row: [oracle, late-100ms, blurred]
    cmd: pqrst score ${item.board} ${item.row}
    deps: [data/boards/small/truth, data/boards/small/predict]
    params:
    - benchmarks/source.json: [score]
    outs:
    - leaderboard/scores/${item.board}/${item.row}: {cache: false}
  leaderboard:
    foreach: [small]
    do:
      cmd: pqrst leaderboard ${item}
      deps: [leaderboard/scores/small]
      outs:
      - leaderboard/boards/small/board.md: {cache: false}
"""
COST = {
    "wall_s": 1.0,
    "cpu_s": 1.0,
    "peak_memory_mb": 9.0,
    "runner": "host",
    "hardware": {"cpu": "a processor", "cores": 2, "memory_gb": 8},
}


def write_project(root: Path) -> None:
    """Write the board's project into an empty folder."""
    (root / "params.yaml").write_text(PARAMS)
    (root / "dvc.yaml").write_text(STAGES)
    (root / "benchmarks").mkdir()
    (root / "benchmarks/source.json").write_text('{"score": "the scorer"}')
    for name in METHODS:
        folder = root / "methods" / name
        folder.mkdir(parents=True)
        for file in ("method.yaml", "params.json", "source.json", "Dockerfile"):
            shutil.copy(ROOT / "methods" / name / file, folder / file)
    for folder in method_folders(root):
        (folder / "dvc.yaml").write_text(yaml_text(method_stages(folder, root)))
    costs: dict[str, dict[str, Any]] = {}
    for row, task, seed in sorted(expected_cells(BOARD, root)):
        path = score_file(root, row, task, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump(document(row, task, seed, root)))
        if row in rows(root) and task in rows(root)[row].tasks:
            costs.setdefault(row, {})[places.cost(task, seed)] = COST
    for row, spent in costs.items():
        (root / "leaderboard/scores" / BOARD / row / "costs.json").write_text(dump(spent))
    lock(root)


def document(row: str, task: str, seed: int, root: Path) -> dict[str, Any]:
    """The score document of a cell, its errors at the row's level."""
    known = rows(root).get(row)
    does = task in known.tasks if known else task != "classification" or row == "oracle"
    return {
        "contract_version": CONTRACT_VERSION,
        "board": BOARD,
        "row": row,
        "family": family(row, root),
        "task": task,
        "seed": seed,
        "status": "scored" if does else "not-applicable",
        "reason": "" if does else "it does not",
        "scenarios": scenarios(row, task, root) if does else {},
        "provenance": attribution(BOARD, row, task, seed, md5, root).model_dump(),
    }


def scenarios(row: str, task: str, root: Path) -> dict[str, Any]:
    """The scores of a row in each scenario of a task."""
    found = {}
    for scenario in of_task(task, 2):
        if row in rows(root) and not rows(root)[row].answers(scenario):
            found[scenario.name] = {"status": "not-applicable"}
        elif task == "classification":
            found[scenario.name] = heartbeats(row)
        else:
            found[scenario.name] = completion(row, scenario.name, primary_metric(scenario))
    return found


def completion(row: str, scenario: str, metric: str) -> dict[str, Any]:
    """The score of a completion scenario: one error per patient."""
    values = errors(LEVELS[row], row, scenario)
    return {
        "status": "scored",
        "primary": metric,
        "metrics": {metric: rounded(float(np.mean(values[TEST])))},
        "patients": {"patient": [*PATIENTS], "split": [*SPLIT], metric: values},
    }


def heartbeats(row: str) -> dict[str, Any]:
    """The score of the heartbeats: the oracle is right, any other row calls every beat normal."""
    true = np.array([80, 5, 8, 3, 0])
    matrix = np.diag(true) if row == "oracle" else np.zeros((5, 5), int)
    if row != "oracle":
        matrix[:, 0] = true
    constant = 2 * 80 / (80 + 96) / 4
    return {
        "status": "scored",
        "primary": "macro_f1",
        "metrics": {"macro_f1": rounded(1.0 if row == "oracle" else constant)},
        "patients": {
            "patient": [*PATIENTS],
            "split": [*SPLIT],
            "confusion": [matrix.ravel().tolist()] * len(PATIENTS),
        },
    }


def errors(level: float, row: str, scenario: str) -> list[float]:
    """An error for each patient, within 3 % of a level, the same for the same row and scenario."""
    random = np.random.default_rng(int(digest([row, scenario])[:8], 16))
    return [rounded(level * value) or 0.0 for value in random.uniform(0.97, 1.03, len(PATIENTS))]


def lock(root: Path) -> None:
    """Record every stage as DVC would, scores by their digest, all else by a made-up one."""
    hashes = Hashes(root)

    def entry(path: str) -> dict[str, str]:
        return {
            "path": path,
            "md5": str(hashes.of(path)) if path.startswith("leaderboard/") else md5(path),
        }

    files: dict[str, dict[str, Any]] = {}
    for stage in read_stages(root).values():
        files.setdefault(stage.file.replace(".yaml", ".lock"), {})[stage.name] = {
            "cmd": stage.cmd,
            "deps": [entry(dep) for dep in stage.deps],
            "params": {file: read_params(root, file, keys) for file, keys in stage.params},
            "outs": [entry(out) for out in stage.outs],
        }
    for file, stages in files.items():
        (root / file).write_text(
            yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)
        )


def md5(path: str) -> str:
    """The made-up digest of data that is not here."""
    return f"{digest(path)[:32]}.dir"


def score_file(root: Path, row: str, task: str, seed: int = 0) -> Path:
    """Where the document of a cell lies."""
    return root / "leaderboard/scores" / BOARD / row / f"{task}-{seed}.json"


def edit(root: Path, row: str, task: str, change, seed: int = 0, recorded: bool = True) -> None:
    """Change a document by `change`, and record it anew unless told otherwise."""
    path = score_file(root, row, task, seed)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    if recorded:
        lock(root)
