"""Learning curves of a row as one picture."""

from pathlib import Path

from matplotlib.figure import Figure

from benchmarks import places
from benchmarks.errors import UserError
from benchmarks.files import written
from benchmarks.settings import ROOT
from leaderboard.records.histories import Histories, place, read_histories

COLOURS = {"training": "#8a8a8a", "validation": "#1f5fa8"}


def draw(histories: Histories, title: str) -> Figure:
    """A panel per training: training loss on the left axis, validation on the right, for they need
    not be the same loss; a dot where validation was lowest, which is where the weights are from."""
    panels = [
        (f"{stage}, seed {seed}", table)
        for stage, seeds in histories.items()
        for seed, table in seeds.items()
    ]
    figure = Figure(figsize=(3.6 * len(panels), 3.2), layout="constrained")
    figure.suptitle(title)
    for axes, (name, table) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        axes.set_title(name, fontsize="medium")
        axes.set_xlabel("step")
        right = axes.twinx()
        for side, (column, colour) in zip((axes, right), COLOURS.items(), strict=True):
            side.plot(table["step"], table[column], color=colour)
            side.set_ylabel(column, color=colour)
            side.tick_params(axis="y", labelcolor=colour)
        lowest = table["validation"].index(min(table["validation"]))
        right.plot(
            table["step"][lowest], table["validation"][lowest], "o", color=COLOURS["validation"]
        )
    return figure


def write_curves(board: str, row: str, root: Path = ROOT) -> Path:
    """Draw runs/BOARD/ROW/curves.png and return its path; raises UserError where no history is
    kept."""
    histories = read_histories(board, row, root)
    if not histories:
        raise UserError(
            f"{place(board, row, root)}: expected a training's history, found none: {row} has none"
        )
    target = root / places.run(board, row, "curves.png")
    with written(target) as part:
        draw(histories, f"{row} on {board}").savefig(part, format="png", dpi=120)
    return target
