"""Collect a board's score documents, check that nothing was lost or mixed, and write the tables.

`board.json` holds every cell, `analysis.json` what they say together, `board.csv` is tidy (one line per number),
`board.md` is for people, and so is the page `index.html`. Same documents, same bytes.
"""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contract import CLASSES, TASKS, ContractError, write_text
from benchmarks.settings import ROOT, board_rows, family, rows, settings
from leaderboard.analysis import analyse
from leaderboard.dvcviews import write_views
from leaderboard.gate import check_gate
from leaderboard.readme import update_readme
from leaderboard.render import FAMILIES, markdown
from leaderboard.reproduced import published, read_reproduced
from leaderboard.score import HARNESS_VERSION, dump, rounded
from leaderboard.statistics import jackknife_macro_f1, patient_mean_interval

Document = dict[str, Any]
BESIDE = ("costs.json", "examples.json")  # beside a row's score documents
COLUMNS = (
    "board", "row", "family", "task", "scenario", "seed", "metric", "value", "low", "high", "patients", "status"
)  # fmt: skip


def rows_in_order(board: str, root: Path = ROOT) -> list[str]:
    """The rows of a board as every table of it has them: by family, controls first; in one family by folder."""
    return sorted(board_rows(board, root), key=lambda row: FAMILIES.index(family(row, root)))


def read_documents(board: str, root: Path = ROOT) -> tuple[list[Document], Document]:
    """The score documents of a board in the order of its rows, and what each row's cells cost."""
    documents, costs, unreadable = [], {}, []
    for path in sorted((root / "leaderboard/scores" / board).glob("*/*.json")):
        try:
            found = json.loads(path.read_text(), parse_constant=_no_number)
        except ValueError as error:
            unreadable.append(f"{path}: not readable as JSON ({error}); score the row again")
            continue
        if path.name == "costs.json":
            costs[path.parent.name] = found
        if path.name in BESIDE:
            continue
        if not isinstance(found, dict) or not {"row", "task", "seed", "status", "provenance"} <= found.keys():
            unreadable.append(f"{path}: no score document: row, task, seed, status or provenance is missing")
        elif f"{found['row']}/{found['task']}-{found['seed']}.json" != f"{path.parent.name}/{path.name}":
            unreadable.append(f"{path}: says that it is {found['row']}/{found['task']}-{found['seed']}")
        else:
            documents.append(found)
    if unreadable:
        raise ContractError("\n".join(unreadable))
    names = rows_in_order(board, root)
    documents.sort(key=lambda found: (_rank(found["row"], names), _rank(found["task"], TASKS)))
    return documents, costs


def _rank(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


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


def cells(documents: list[Document], costs: Document, reproduced: Document) -> list[Document]:
    """Every cell as `board.json` holds it: status, summaries, cost, provenance and whether it was made again, without
    the patients' table."""
    again = published(documents, reproduced)
    kept = []
    for document in documents:
        spent = costs.get(document["row"], {}).get(f"{document['task']}/seed-{document['seed']}", {})
        scenarios = {
            name: {key: value for key, value in scenario.items() if key != "patients"}
            | ({"metrics": summaries(scenario)} if scenario["status"] == "scored" else {})
            for name, scenario in document["scenarios"].items()
        }
        cost = {key: value for key, value in spent.items() if key != "calls"}
        made_again = again[document["row"], document["task"]]
        kept.append({**document, "scenarios": scenarios, "cost": cost, "reproduced": made_again})
    return kept


def write_board(board: str, root: Path = ROOT) -> Path:
    """Check and write a board, and its summary in the README; returns the path of `board.md`. Raises ContractError
    naming all that the gate holds against it, before anything is written."""
    documents, costs = read_documents(board, root)
    check_gate(board, documents, costs, root)
    return write_tables(board, documents, costs, root)


def write_tables(board: str, documents: list[Document], costs: Document, root: Path) -> Path:
    """Write what a board is shown by, from documents that the gate has let through; returns the path of `board.md`."""
    from leaderboard.page.build import write_page  # which reads documents as this module does

    table = cells(documents, costs, read_reproduced(root))
    out = root / "leaderboard/boards" / board
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(tidy(documents))
    write_text(out / "board.csv", buffer.getvalue())
    about = {"board": board, "harness_version": HARNESS_VERSION, **settings(root).boards[board].model_dump()}
    write_text(out / "board.json", dump({**about, "cells": {f"{c['row']}/{c['task']}-{c['seed']}": c for c in table}}))
    pretrained = [name for name, row in rows(root).items() if row.pretraining == name]
    probes = [name for name, row in rows(root).items() if row.is_probe]
    seed = settings(root).boards[board].seed
    analysis = analyse(board, seed, rows_in_order(board, root), documents, pretrained, probes)
    write_text(out / "analysis.json", dump(analysis))
    write_text(out / "board.md", markdown(board, table, analysis))
    write_views(out, documents, table)
    update_readme(root / "README.md", board, table)
    write_page(board, root)
    return out / "board.md"
