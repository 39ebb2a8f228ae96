"""Collect a board's score documents, check that nothing was lost or mixed, and write the tables.

`board.json` holds every cell, `analysis.json` what they say together, `board.csv` is tidy (one line per number),
`board.md` is for people. Same documents, same bytes.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks.contract import CLASSES, TASKS, ContractError, FailureKind, write_text
from benchmarks.settings import ROOT, board_rows, rows, settings
from leaderboard.analysis import analyse
from leaderboard.dvcviews import write_views
from leaderboard.readme import update_readme
from leaderboard.render import markdown
from leaderboard.score import HARNESS_VERSION, dump, rounded
from leaderboard.statistics import jackknife_macro_f1, patient_mean_interval

Document = dict[str, Any]
BESIDE = ("costs.json", "examples.json")  # beside a row's score documents
COLUMNS = (
    "board", "row", "family", "task", "scenario", "seed", "metric", "value", "low", "high", "patients", "status"
)  # fmt: skip


def expected_cells(board: str, root: Path = ROOT) -> set[tuple[str, str, int]]:
    """Every (row, task, seed) that a board must account for."""
    seeds = {name: row.seeds(settings(root).boards[board]) for name, row in rows(root).items()}
    return {(row, task, seed) for row in board_rows(board, root) for task in TASKS for seed in seeds.get(row, [0])}


def read_documents(board: str, root: Path = ROOT) -> tuple[list[Document], Document]:
    """The score documents of a board in the order of its rows, and what each row's cells cost."""
    folder = root / "leaderboard/scores" / board
    documents, costs = [], {}
    for path in sorted(folder.glob("*/*.json")):
        try:
            found = json.loads(path.read_text())
        except ValueError as error:
            raise ContractError(f"{path}: not readable as JSON ({error}); score the row again") from None
        if path.name == "costs.json":
            costs[path.parent.name] = found
        if path.name in BESIDE:
            continue
        if not isinstance(found, dict) or not {"row", "task", "seed", "status", "provenance"} <= found.keys():
            raise ContractError(f"{path}: no score document: row, task, seed, status or provenance is missing")
        if f"{found['row']}/{found['task']}-{found['seed']}.json" != f"{path.parent.name}/{path.name}":
            raise ContractError(f"{path}: says that it is {found['row']}/{found['task']}-{found['seed']}")
        documents.append(found)
    return documents, costs


def check(board: str, documents: list[Document], root: Path = ROOT) -> None:
    """The conservation law: rows x tasks x seeds = scored + typed failures; and one version in each column.

    Raises ContractError naming what is missing, unexpected, of no known status, or of another version.
    """
    found = {(document["row"], document["task"], document["seed"]) for document in documents}
    expected = expected_cells(board, root)
    if missing := sorted(expected - found):
        raise ContractError(f"{board}: {len(missing)} cells are unaccounted for, the first {missing[0]}; run them")
    if unknown := sorted(found - expected):
        where = root / "leaderboard/scores" / board / unknown[0][0]
        raise ContractError(f"{board}: {len(unknown)} cells belong to no row, the first {unknown[0]}; remove {where}")
    for document in documents:
        if document["status"] != "scored" and document["status"] not in get_args(FailureKind):
            raise ContractError(f"{board}: {document['row']}/{document['task']} has status {document['status']!r}")
    for task in TASKS:
        versions: dict[str, str] = {}
        for document in documents:
            if document["task"] == task and document["status"] == "scored":
                versions.setdefault(document["provenance"]["column"], document["row"])
        if len(versions) > 1:
            raise ContractError(
                f"{board}/{task}: {' and '.join(versions.values())} were scored on different data, or by different "
                "scorers; score them again"
            )


def tidy(documents: list[Document]) -> list[list[Any]]:
    """One line per number; a failure is a line with its status and no value."""
    lines = []
    for document in documents:
        start = [document["board"], document["row"], document["family"], document["task"]]
        if document["status"] != "scored":
            lines.append([*start, "", document["seed"], "", "", "", "", "", document["status"]])
        for name, scenario in document["scenarios"].items():
            if scenario["status"] != "scored":
                lines.append([*start, name, document["seed"], "", "", "", "", "", scenario["status"]])
                continue
            patients = scenario["patients"]["split"].count("test")
            for metric, summary in summaries(scenario).items():
                numbers = ["" if summary.get(key) is None else summary[key] for key in ("value", "low", "high")]
                lines.append([*start, name, document["seed"], metric, *numbers, patients, "scored"])
    return lines


def summaries(scenario: Document) -> dict[str, Document]:
    """Each metric of a scored scenario as value, low and high over its test patients; the bounds are None where a
    metric is no mean over patients and has no interval of its own."""
    table = scenario["patients"]
    test = np.array([split == "test" for split in table["split"]])
    found = {}
    for metric, value in scenario["metrics"].items():
        low = high = None
        if metric == "macro_f1":
            shape = (-1, len(CLASSES), len(CLASSES))
            _, low, high = map(rounded, jackknife_macro_f1(np.array(table["confusion"]).reshape(shape)[test]))
        elif metric in table:
            _, low, high = map(rounded, patient_mean_interval(np.array(table[metric], float)[test]))
        found[metric] = {"value": value, "low": low, "high": high}
    return found


def cells(documents: list[Document], costs: Document) -> list[Document]:
    """Every cell as `board.json` holds it: status, summaries, cost and provenance, without the patients' table."""
    kept = []
    for document in documents:
        spent = costs.get(document["row"], {}).get(f"{document['task']}/seed-{document['seed']}", {})
        scenarios = {
            name: {key: value for key, value in scenario.items() if key != "patients"}
            | ({"metrics": summaries(scenario)} if scenario["status"] == "scored" else {})
            for name, scenario in document["scenarios"].items()
        }
        cost = {key: value for key, value in spent.items() if key != "calls"}
        kept.append({**document, "scenarios": scenarios, "cost": cost})
    return kept


def write_board(board: str, root: Path = ROOT) -> Path:
    """Check and write a board, and its summary in the README; returns the path of `board.md`."""
    documents, costs = read_documents(board, root)
    check(board, documents, root)
    order = {name: k for k, name in enumerate(board_rows(board, root))}
    documents.sort(key=lambda document: (order[document["row"]], TASKS.index(document["task"]), document["seed"]))
    table = cells(documents, costs)
    out = root / "leaderboard/boards" / board
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(tidy(documents))
    write_text(out / "board.csv", buffer.getvalue())
    about = {"board": board, "harness_version": HARNESS_VERSION, **settings(root).boards[board].model_dump()}
    write_text(out / "board.json", dump({**about, "cells": {f"{c['row']}/{c['task']}-{c['seed']}": c for c in table}}))
    probes = [name for name, row in rows(root).items() if row.is_probe]
    analysis = analyse(board, settings(root).boards[board].seed, board_rows(root), documents, probes)
    write_text(out / "analysis.json", dump(analysis))
    write_text(out / "board.md", markdown(board, table, analysis))
    write_views(out, documents, table)
    update_readme(root / "README.md", board, table)
    return out / "board.md"
