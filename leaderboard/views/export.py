"""A board that was made, as text for a program or a paper."""

from pathlib import Path

from benchmarks.contract import TASKS
from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from benchmarks.settings import board as find_board
from leaderboard.records.boards import made_text, read_analysis, read_cells
from leaderboard.views.latex import latex_table


def export_latex(board: str, tasks: list[str], root: Path = ROOT) -> str:
    """The LaTeX tables of some tasks of a board that was made (all tasks if none is named).

    Raises UserError where the board or its analysis is not there, or a task is unknown.
    """
    _known(board, tasks, root)
    cells, analysis = read_cells(board, root), read_analysis(board, root)
    return "\n".join(latex_table(board, task, cells, analysis) for task in tasks or TASKS)


def export_csv(board: str, tasks: list[str], root: Path = ROOT) -> str:
    """The lines of board.csv that are of some tasks (all tasks if none is named); raises as
    `export_latex`."""
    _known(board, tasks, root)
    head, *lines = made_text(board, "board.csv", root).splitlines(keepends=True)
    place = head.strip().split(",").index("task")
    # No column up to the task holds free text, so none is quoted.
    return "".join(
        [head, *(line for line in lines if not tasks or line.split(",")[place] in tasks)]
    )


def _known(board: str, tasks: list[str], root: Path) -> None:
    """Raise UserError for a board or a task that there is not."""
    find_board(board, root)
    if unknown := [task for task in tasks if task not in TASKS]:
        raise UserError(f"no task {unknown[0]!r}; known: {', '.join(TASKS)}")
