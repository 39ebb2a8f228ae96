"""A board as Markdown: one table per task, rows ordered by family, failures as rows with their reason."""

from typing import Any, get_args

from tabulate import tabulate

from benchmarks.contract import TASKS, Family
from benchmarks.text import markdown_cell
from leaderboard.reproduced import made_again
from leaderboard.statistics import APPROXIMATE_COVERAGE

Cell = dict[str, Any]
FAMILIES = ("control", *get_args(Family))
NAMES = {"nrmse": "nRMSE", "warped_nrmse": "warped nRMSE", "macro_f1": "macro-F1"}
CLASSIFICATION = {"f1_N": "F1 N", "f1_S": "F1 S", "f1_V": "F1 V", "f1_F": "F1 F", "macro_f1_argmax": "F1 at argmax",
                  "macro_average_precision": "macro AP", "macro_auroc": "macro AUROC", "accuracy": "accuracy",
                  "kappa": "κ", "calibration_error": "ECE"}  # fmt: skip


def number(summary: dict[str, Any] | None) -> str:
    """A value with its interval, as far as there is one."""
    if not summary or summary.get("value") is None:
        return "–"
    if summary.get("low") is None:
        return f"{summary['value']:.3f}"
    return f"{summary['value']:.3f} ({summary['low']:.2f}–{summary['high']:.2f})"


def cost(cell: Cell) -> list[str]:
    """Wall time, peak memory and runner of a cell."""
    spent = cell["cost"]
    return [f"{spent['wall_s']:.0f} s", f"{spent['peak_memory_mb']:.0f} MB", spent["runner"]] if spent else ["–"] * 3


def unfinished(cells: list[Cell]) -> dict[str, str]:
    """Of each row with a cell that failed, how many of its tasks are scored: `3/4 tasks`."""
    asked: dict[str, dict[str, bool]] = {}
    for cell in cells:
        if cell["status"] != "not-applicable":
            tasks = asked.setdefault(cell["row"], {})
            tasks[cell["task"]] = tasks.get(cell["task"], True) and cell["status"] == "scored"
    return {row: f"{sum(tasks.values())}/{len(tasks)} tasks" for row, tasks in asked.items() if not all(tasks.values())}


def task_table(task: str, cells: list[Cell]) -> str:
    """The Markdown table of one task; rows that do not do it are named below, failures stand in it."""
    mine, partial = [cell for cell in cells if cell["task"] == task], unfinished(cells)
    scored = next((cell for cell in mine if cell["row"] == "oracle"), mine[0])
    scenarios = {name: scenario["primary"] for name, scenario in scored["scenarios"].items()}
    extra = CLASSIFICATION if task == "classification" else {}
    head = ["row", "family", *(f"{name}<br>{NAMES[metric]}" for name, metric in scenarios.items()), *extra.values()]
    lines = []
    for cell in sorted(mine, key=lambda cell: FAMILIES.index(cell["family"])):
        if cell["status"] == "not-applicable":
            continue
        notes = [f"seed {cell['seed']}" if cell["seed"] else "", partial.get(cell["row"], "")]
        label = f"{cell['row']} ({', '.join(filter(None, notes))})" if any(notes) else cell["row"]
        if cell["status"] != "scored":
            reason = f"**{cell['status']}**: {markdown_cell(cell['reason'])}"
            lines.append([label, cell["family"], reason, *[""] * (len(head) - 3), *cost(cell), made_again(cell)])
            continue
        found = cell["scenarios"]
        values = [number(found.get(name, {}).get("metrics", {}).get(metric)) for name, metric in scenarios.items()]
        if extra:
            values += [number(found["heartbeat"]["metrics"].get(metric)) for metric in extra]
        lines.append([label, cell["family"], *values, *cost(cell), made_again(cell)])
    absent = sorted({cell["row"] for cell in mine if cell["status"] == "not-applicable"})
    head += ["wall", "peak memory", "runner", "reproduced"]
    text = tabulate(lines, head, tablefmt="github", disable_numparse=True)
    return text + (f"\n\nNot applicable: {', '.join(absent)}.\n" if absent else "\n")


def markdown(board: str, cells: list[Cell]) -> str:
    """The board for people."""
    counts = {status: sum(cell["status"] == status for cell in cells) for status in {c["status"] for c in cells}}
    accounted = ", ".join(f"{counts[status]} {status}" for status in sorted(counts, key=lambda s: (s != "scored", s)))
    parts = [
        f"# Leaderboard: {board}\n",
        f"{len(cells)} cells (rows × tasks × seeds) = {accounted}. Make it again: `pqrst repro {board}`.\n",
        "Completion: error, 0 is perfect, a flat line scores about 1; a row that does not beat both `mean` and `comb` "
        "has no skill. Intervals (95 %) are over patients. The interval of macro-F1 is a jackknife by patient and "
        f"approximate: in our simulation it covered {APPROXIMATE_COVERAGE:.0%}. `–`: the row does not do this "
        "scenario. Wall time includes fitting. The last column says whether the cell was made again from what is "
        "recorded, and when: `pqrst reproduce BOARD/ROW/TASK`.\n",
    ]
    if board == "mitdb":
        parts.append(
            "The test patients (DS2) have been tuned on for twenty years: this is a board for reproduction, not for "
            "discovery.\n"
        )
    for task in TASKS:
        parts.append(f"## {task.capitalize()}\n\n{task_table(task, cells)}")
    return "\n".join(parts)
