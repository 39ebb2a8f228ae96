"""Check that nothing of a board was lost or mixed, and write its tables.

`board.json` holds every cell, `analysis.json` what they say together, `board.csv` is tidy (one line per number),
`board.md` is for people, and so is the page `index.html`. Same documents, same bytes.
"""

import csv
import io
from pathlib import Path
from typing import Any

from benchmarks.contract import write_text
from benchmarks.settings import ROOT, rows, settings
from leaderboard.analysis import analyse
from leaderboard.cells import cells, read_documents, rows_in_order, summaries
from leaderboard.dvcviews import write_views
from leaderboard.gate import check_gate
from leaderboard.page.build import write_page
from leaderboard.readme import update_readme
from leaderboard.render import markdown
from leaderboard.reproduced import read_reproduced
from leaderboard.score import HARNESS_VERSION, dump

Document = dict[str, Any]
COLUMNS = (
    "board", "row", "family", "task", "scenario", "seed", "metric", "value", "low", "high", "patients", "status"
)  # fmt: skip


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


def write_board(board: str, root: Path = ROOT) -> Path:
    """Check and write a board, and its summary in the README; returns the path of `board.md`. Raises ContractError
    naming all that the gate holds against it, before anything is written."""
    documents, costs = read_documents(board, root)
    check_gate(board, documents, costs, root)
    return write_tables(board, documents, costs, root)


def write_tables(board: str, documents: list[Document], costs: Document, root: Path) -> Path:
    """Write what a board is shown by, from documents that the gate has let through; returns the path of `board.md`."""
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
