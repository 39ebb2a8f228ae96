"""What changed between two states of a board, as Markdown for a reviewer."""

from pathlib import Path

from tabulate import tabulate

from benchmarks import places
from benchmarks.contract import TASKS
from benchmarks.metrics.table import METRICS
from benchmarks.settings import ROOT
from benchmarks.settings import board as find_board
from benchmarks.text import markdown_cell
from leaderboard.records.boards import Board, Cell, Summary, made_text
from leaderboard.scoring.documents import MADE_FROM
from pipeline.revisions import file_at


def difference(before: Board | None, after: Board, since: str) -> str:
    """Markdown of what changed from one board.json to another: cells that came, went, failed or
    have other values, and what of their provenance differs. `before` is None where the board is
    new, `since` names that state."""
    old = before.cells if before else {}
    new = after.cells
    came, went = [key for key in new if key not in old], [key for key in old if key not in new]
    both = [key for key in new if key in old]
    ended = [key for key in both if _status(old[key]) != _status(new[key])]
    moved = [key for key in both if key not in ended and _numbers(old[key]) != _numbers(new[key])]
    otherwise = [key for key in both if key not in (*ended, *moved) and why(old[key], new[key])]
    drifted = [key for key in moved if not why(old[key], new[key])]
    counts = {
        "new": came,
        "gone": went,
        "ended otherwise": ended,
        "with other numbers": [key for key in moved if key not in drifted],
        "with other numbers from the same sources, data and settings": drifted,
        "with the same numbers, made otherwise": otherwise,
        "unchanged": [key for key in both if key not in (*ended, *moved, *otherwise)],
    }
    parts = [
        f"## {after.board}: what changed since {markdown_cell(since)}\n",
        f"{', '.join(f'{len(keys)} {name}' for name, keys in counts.items() if keys)}.\n",
    ]
    for task in TASKS:
        told = [
            key for key in (*came, *ended, *moved) if new[key].task == task and key not in drifted
        ]
        lines = [line for key in told for line in _lines(key, old, new)]
        if lines:
            columns = ["cell", "scenario", "metric", "before", "after", "change", "because of"]
            parts.append(
                f"### {task.capitalize()}\n\n"
                f"{tabulate(lines, columns, 'github', disable_numparse=True)}\n"
            )
    if drifted:
        shown = ", ".join(f"`{key}` ({_largest(old[key], new[key]):.1g})" for key in drifted)
        parts.append(
            f"Made on other hardware or with other libraries (largest relative change): {shown}.\n"
        )
    reasons: dict[str, list[str]] = {}
    for key in otherwise:
        reasons.setdefault(", ".join(why(old[key], new[key])), []).append(key)
    parts += [
        f"The same numbers, other {reason}: {', '.join(f'`{key}`' for key in keys)}.\n"
        for reason, keys in reasons.items()
    ]
    if went:
        parts.append(f"Gone: {', '.join(f'`{key}`' for key in went)}.\n")
    return "\n".join(parts)


def why(before: Cell, after: Cell) -> list[str]:
    """The parts of a cell's provenance in which two states differ, and `intervals` where equal
    values have others."""
    old, new = before.provenance, after.provenance
    intervals = _numbers(before) == _numbers(after) and _bounds(before) != _bounds(after)
    return [part for part in (*MADE_FROM, "scorer") if old.get(part) != new.get(part)] + [
        "intervals"
    ] * intervals


def board_difference(board: str, against: str = "HEAD", root: Path = ROOT) -> str:
    """What changed in a board since git revision `against`, as Markdown; raises UserError where it
    is not made."""
    find_board(board, root)
    after = Board.model_validate_json(made_text(board, root=root))
    before = file_at(against, places.board(board, "board.json"), root)
    return difference(Board.model_validate_json(before) if before else None, after, against)


def _numbers(cell: Cell) -> dict[tuple[str, str], float | None]:
    """Every value of a cell by scenario and metric."""
    return {address: summary.value for address, summary in _summaries(cell).items()}


def _bounds(cell: Cell) -> dict[tuple[str, str], tuple]:
    return {address: (summary.low, summary.high) for address, summary in _summaries(cell).items()}


def _summaries(cell: Cell) -> dict[tuple[str, str], Summary]:
    return {
        (name, metric): summary
        for name, scenario in cell.scenarios.items()
        for metric, summary in scenario.metrics.items()
    }


def _largest(before: Cell, after: Cell) -> float:
    """The largest change of a cell's numbers, relative to the larger of the two."""
    old, new = _numbers(before), _numbers(after)
    pairs = [(old.get(address), new.get(address)) for address in {**old, **new}]
    changed = [(a, b) for a, b in pairs if a is not None and b is not None and a != b]
    return max((abs(a - b) / max(abs(a), abs(b)) for a, b in changed), default=1.0)


def _status(cell: Cell) -> tuple:
    return cell.status, tuple((name, scenario.status) for name, scenario in cell.scenarios.items())


def _lines(key: str, old: dict[str, Cell], new: dict[str, Cell]) -> list[list[str]]:
    """A cell's lines of the table: its status where that changed, and each scenario whose primary
    metric did."""
    before, after = old.get(key), new[key]
    because = (", ".join(why(before, after)) or "nothing recorded") if before else "new"
    lines = []
    status = before.status if before else ""
    if status != after.status and (before or after.status not in ("scored", "not-applicable")):
        reason = f": {markdown_cell(after.reason)}" if after.reason else ""
        lines.append([key, "", "status", status, f"{after.status}{reason}", "", because])
    was, now = _numbers(before) if before else {}, _numbers(after)
    primary = {
        name: scenario.primary for name, scenario in after.scenarios.items() if scenario.primary
    }
    for address in primary.items():
        if was.get(address) != now.get(address):
            name, metric = address
            change = _change(metric, was.get(address), now.get(address))
            shown = METRICS[metric].label, _shown(was.get(address)), _shown(now.get(address))
            lines.append([key, name, *shown, change, because])
    beside = sum(was.get(address) != now.get(address) for address in {**was, **now})
    return lines or (
        [[key, "", f"{beside} beside the primary", "", "", "", because]] if key in old else []
    )


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _change(metric: str, before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return ""
    better = (after - before) * METRICS[metric].sign > 0
    return f"{after - before:+.2g} ({'better' if better else 'worse'})"
