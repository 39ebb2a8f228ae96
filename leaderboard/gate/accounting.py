"""Every cell of a board has one document, and every document has a score for each scenario and
patient that was asked for."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks import places
from benchmarks.contract import TASKS
from benchmarks.scenarios import MOST_LEADS, of_task
from benchmarks.settings import ROOT, board_rows, rows, settings
from leaderboard.gate.trip import Trip
from leaderboard.records.cells import Scores
from leaderboard.scoring.documents import ScenarioScore, ScoreDocument


def expected_cells(board: str, root: Path = ROOT) -> set[tuple[str, str, int]]:
    """Every (row, task, seed) that a board must account for."""
    seeds = {name: row.seeds(settings(root).boards[board]) for name, row in rows(root).items()}
    return {
        (row, task, seed)
        for row in board_rows(board, root)
        for task in TASKS
        for seed in seeds.get(row, [0])
    }


def cells(board: str, scores: Scores, root: Path) -> Iterator[Trip]:
    """Rows x tasks x seeds = scored cells + typed failures: each cell has exactly one document."""
    documents = Counter(file.name for file in (*scores.documents, *scores.refused))
    expected = {f"{row}/{task}-{seed}" for row, task, seed in expected_cells(board, root)}
    for cell in sorted(expected - set(documents)):
        yield Trip(cell, f"unaccounted for; run it: pqrst repro {board}")
    for cell in sorted(set(documents) - expected):
        row = cell.split("/")[0]
        folder = places.scores(board, row)
        if row in board_rows(board, root):
            yield Trip(cell, f"no such cell is on the board; remove its document from {folder}")
        else:
            yield Trip(cell, f"belongs to no row of methods/*/params.json; remove {folder}")
    for cell, times in documents.items():
        if times > 1:
            yield Trip(cell, f"there are {times} documents of this cell; keep one")


def scenarios(
    document: ScoreDocument, documents: list[ScoreDocument], root: Path
) -> Iterator[Trip]:
    """A scored cell has every scenario of the oracle. It is scored in those that the method's card
    names, on the oracle's patients."""
    full = next((d for d in documents if d.row == "oracle" and d.task == document.task), None)
    row = rows(root).get(document.row)
    stranger = row is None and document.row not in settings(root).controls.from_truth
    if full is None or document.status != "scored" or stranger:
        return
    of_this_task = {scenario.name: scenario for scenario in of_task(document.task, MOST_LEADS)}
    for name in sorted(set(full.scenarios) | set(document.scenarios)):
        mine, asked = document.scenarios.get(name), full.scenarios.get(name)
        where = f"{document.name}/{name}"
        if mine is None or asked is None or name not in of_this_task:
            yield Trip(where, "missing, or not asked for; score the row again")
        elif (mine.status == "scored") != (row is None or row.answers(of_this_task[name])):
            yield Trip(
                where,
                f"is {mine.status}, which is not what the method's card says; score the row again",
            )
        elif mine.status == "scored" == asked.status and not _same_patients(mine, asked):
            yield Trip(
                where, "was not scored on the patients that the oracle was; score the row again"
            )


def _same_patients(mine: ScenarioScore, asked: ScenarioScore) -> bool:
    return all(mine.patients[column] == asked.patients[column] for column in ("patient", "split"))
