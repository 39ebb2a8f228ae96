"""Check that nothing of a board was lost or mixed, and write its tables.

`board.json` holds every cell, `analysis.json` what they say together, `board.csv` is tidy (one line
per number), `board.md` is for people, and so is the page `index.html`. Same documents, same bytes.
"""

import csv
import io
from pathlib import Path

from benchmarks import places
from benchmarks.files import write_text
from benchmarks.settings import ROOT, rows, settings
from leaderboard.analysis.analysis import analyse
from leaderboard.gate.gate import check_gate
from leaderboard.page.build import write_page
from leaderboard.records.cells import cells, read_scores, rows_in_order
from leaderboard.records.notes import notes
from leaderboard.records.reproduced import read_reproduced
from leaderboard.records.tidy import COLUMNS, tidy
from leaderboard.scoring.documents import HARNESS_VERSION, Document, ScoreDocument, dump
from leaderboard.views.dvc import write_views
from leaderboard.views.markdown import markdown
from leaderboard.views.readme import update_readme


def write_board(board: str, root: Path = ROOT) -> Path:
    """Check and write a board, and its summary in the README; returns the path of `board.md`.
    Raises UserError naming all that the gate holds against it, before anything is written."""
    scores = read_scores(board, root)
    check_gate(board, scores, root)
    return write_tables(board, scores.documents, scores.costs, root)


def write_tables(board: str, scored: list[ScoreDocument], costs: Document, root: Path) -> Path:
    """Write what a board is shown by, from documents that the gate has let through; returns the
    path of `board.md`."""
    documents = [document.plain() for document in scored]
    table = cells(documents, costs, read_reproduced(root))
    out = root / places.board(board)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(tidy(documents))
    write_text(out / "board.csv", buffer.getvalue())
    about = {
        "board": board,
        "harness_version": HARNESS_VERSION,
        **settings(root).boards[board].model_dump(),
    }
    write_text(
        out / "board.json",
        dump({**about, "cells": {cell.name: cell.plain() for cell in table}}),
    )
    pretrained = [name for name, row in rows(root).items() if row.pretraining == name]
    probes = [name for name, row in rows(root).items() if row.is_probe]
    seed = settings(root).boards[board].seed
    analysis = analyse(board, seed, rows_in_order(board, root), documents, pretrained, probes)
    write_text(out / "analysis.json", dump(analysis.model_dump()))
    write_text(out / "board.md", markdown(board, table, analysis, notes(board, root)))
    write_views(out, documents, table)
    update_readme(root / "README.md", board, table)
    write_page(board, root)
    return out / "board.md"
