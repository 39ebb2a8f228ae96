"""A board in the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import places
from benchmarks.contract import TASKS
from benchmarks.metrics.table import Metric
from benchmarks.settings import ROOT
from leaderboard.records.boards import Cell, ranked_by, read_cells
from leaderboard.views.labels import cost


def show_board(board: str, root: Path = ROOT, console: Console | None = None) -> None:
    """Print one table per task and the path of the whole board; raises UserError if it is not made
    yet."""
    console = console or Console()
    folder = root / places.board(board)
    cells = read_cells(board, root)
    for task in TASKS:
        console.print(task_table(board, task, [cell for cell in cells if cell.task == task]))
    console.print(
        "lower is better for nRMSE, higher for F1; [bold]bold[/]: the best row that is no control"
    )
    console.print(
        f"with intervals, costs and failures: [bold]{folder / 'board.md'}[/]", soft_wrap=True
    )
    console.print(
        f"with pictures, to open in a browser: [bold]{folder / 'index.html'}[/]", soft_wrap=True
    )


def task_table(board: str, task: str, cells: list[Cell]) -> Table:
    """The values of one task, the best row that is no control in bold."""
    scenarios = ranked_by(cells, task)
    metrics = dict.fromkeys(scenarios.values())
    title = f"{board}: {task} ({', '.join(metric.mark + metric.label for metric in metrics)})"
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("row", no_wrap=True)
    for name, metric in scenarios.items():
        head = name.replace("minus-", "−").replace("-", "\n", 1) + metric.mark
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("wall", justify="right", no_wrap=True)
    best = {name: _best(name, metric, cells) for name, metric in scenarios.items()}
    for cell in cells:
        if cell.status == "not-applicable":
            continue
        style = "dim" if cell.family == "control" else ""
        if cell.status != "scored":
            table.add_row(
                cell.row,
                f"[red]{cell.status}[/]",
                *[""] * (len(scenarios) - 1),
                cost(cell)[0],
            )
            continue
        values = []
        for name, metric in scenarios.items():
            value = cell.value(name, metric)
            text = "–" if value is None else f"{value:.{metric.digits}f}"
            values.append(
                f"[bold]{text}[/]"
                if value is not None and value == best[name] and not style
                else text
            )
        table.add_row(cell.row, *values, cost(cell)[0], style=style)
    return table


def _best(scenario: str, metric: Metric, cells: list[Cell]) -> float | None:
    values = [cell.value(scenario, metric) for cell in cells if cell.family != "control"]
    defined = [value for value in values if value is not None]
    return metric.best_of(defined)
