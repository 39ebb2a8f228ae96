"""How every view of a board shows a number with its interval, a cost, and whether a cell was made
again."""

from typing import NamedTuple

from benchmarks.metrics.table import Metric
from leaderboard.records.boards import Cell, Summary
from leaderboard.records.reproduced import VERDICTS


class Compared(NamedTuple):
    """How a page shows what a row's difference to the reference says."""

    mark: str
    meaning: str


COMPARED = {
    "better": Compared("▲", "better than the reference"),
    "worse": Compared("▼", "worse than the reference"),
    "equivalent": Compared(
        "=", "equivalent to the reference: the difference lies inside the declared margin"
    ),
    "undecided": Compared("~", "undecided: the difference may be nothing, or more than the margin"),
    "reference": Compared("◆", "the reference"),
}


def number(summary: Summary | None, metric: Metric) -> str:
    """A value with its interval, as far as there is one."""
    if summary is None or summary.value is None:
        return "–"
    value = f"{summary.value:.{metric.digits}f}"
    if summary.low is None or summary.high is None:
        return value
    digits = metric.digits - 1  # a bound is less sure than the value
    return f"{value} ({summary.low:.{digits}f}–{summary.high:.{digits}f})"


def cost(cell: Cell) -> list[str]:
    """Wall time, peak memory and runner of a cell."""
    spent = cell.cost
    return (
        [f"{spent['wall_s']:.0f} s", f"{spent['peak_memory_mb']:.0f} MB", spent["runner"]]
        if spent
        else ["–"] * 3
    )


def signed(value: float | None) -> str:
    """A difference with its sign and two digits."""
    return "–" if value is None else f"{value:+z.2f}".replace("-", "−")


def made_again_of(cells: list[Cell]) -> str:
    """How many scored cells of a board were made again, and how they came out."""
    scored = [cell for cell in cells if cell.status == "scored"]
    verdicts = [cell.reproduced.verdict for cell in scored if cell.reproduced]
    came_out = [
        f"{verdicts.count(word)} {each.came_out}"
        for word, each in VERDICTS.items()
        if word in verdicts
    ]
    made = f"{len(verdicts)} of {len(scored)} scored ones were made again"
    return f"{made}: {', '.join(came_out)}" if came_out else made


def made_again(cell: Cell) -> str:
    """Whether the run of a cell was made again, and how it came out."""
    last = cell.reproduced
    return f"{VERDICTS[last.verdict].came_out} {last.date}" if last else "not yet"
