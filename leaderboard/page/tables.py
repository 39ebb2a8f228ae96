"""The page's tables, line by line, for the template: they are in the page before any script
runs."""

import math
from typing import Any

from benchmarks.contract import TASKS
from benchmarks.metrics.table import METRICS, columns_beside
from benchmarks.scenarios import HEARTBEAT
from benchmarks.text import printable
from leaderboard.analysis.analysis import FROM_NOTHING
from leaderboard.page.content import by_row, merged, row_families, scenarios
from leaderboard.page.inputs import Inputs
from leaderboard.records.literature import derived
from leaderboard.records.reproduced import VERDICTS as REPRODUCED
from leaderboard.views.labels import signed

Document = dict[str, Any]
WIDEST = 2.5  # of an error's drawing: beyond it lies nothing that is worth the room
FLAT_LINE = 1.0  # what a flat line scores, about
VERDICTS = {
    "better": ("▲", "better than the reference"),
    "worse": ("▼", "worse than the reference"),
    "equivalent": (
        "=",
        "equivalent to the reference: the difference lies inside the declared margin",
    ),
    "undecided": ("~", "undecided: the difference may be nothing, or more than the margin"),
    "reference": ("◆", "the reference"),
}


def task_table(found: Inputs, task: str) -> Document:
    """The table of one task: columns, lines, the rows that do not do it, and the least difference
    that can be seen."""
    metrics = scenarios(found, task)
    columns: list[Document] = [
        {"scenario": name, "metric": metric, "title": name} for name, metric in metrics.items()
    ]
    extra: list[Document] = [
        {"scenario": HEARTBEAT.name, "metric": metric.name, "title": metric.label}
        for metric in columns_beside(task)
        if metrics
    ]
    cells = {row: merged(seeds) for (row, of), seeds in by_row(found).items() if of == task}
    families = row_families(found)
    rows = [row for row in families if row in cells]
    for column in columns:
        column["scale"] = _scale(
            [
                bound
                for row in rows
                if families[row] != "control" and cells[row]["status"] == "scored"
                for bound in _summary(found, row, cells[row], column)
                if bound is not None
            ]
        )
    lines = []
    for row in rows:
        cell = cells[row]
        if cell["status"] == "not-applicable":
            continue
        line = {
            "row": row,
            "label": printable(row),
            "family": families[row],
            "status": cell["status"],
        }
        if cell["status"] == "scored":
            line["values"] = [
                _value(_summary(found, row, cell, column), column) for column in [*columns, *extra]
            ]
        else:
            line["reason"] = cell["reason"]
        lines.append({**line, **_cost(cell), "reproduced": _reproduced(found, row, task, cell)})
    return {
        "task": task,
        "columns": [
            {**column, "metric_title": METRICS[column["metric"]].label} for column in columns
        ],
        "extra": extra,
        "lines": lines,
        "absent": [printable(row) for row in rows if cells[row]["status"] == "not-applicable"],
        "detectable": detectable(found, list(metrics)),
        "published": [each for name in metrics if (each := published(found, task, name))],
    }


def _summary(found: Inputs, row: str, cell: Document, column: Document) -> list[float | None]:
    """[value, low, high] of a column: the mean over seeds where the analysis has it, else the first
    seed's."""
    scenario, metric = column["scenario"], column["metric"]
    analysed = (
        ((found.analysis or {}).get("scenarios", {}).get(scenario, {})).get("rows", {}).get(row)
    )
    if analysed and found.analysis and found.analysis["scenarios"][scenario]["metric"] == metric:
        return [analysed["value"], analysed["low"], analysed["high"]]
    return cell["metrics"].get(scenario, {}).get(metric, [None])


def _scale(bounds: list[float]) -> tuple[float, float]:
    """What the drawings of a column reach from and to, with a little room."""
    if not bounds:
        return 0.0, 1.0
    low, high = min(bounds), min(max(bounds), max(WIDEST, 1.5 * min(bounds)))
    room = max(0.06 * (high - low), 0.005)
    return max(0.0, low - room), high + room


def _value(summary: list[float | None], column: Document) -> Document | None:
    """A number with its interval as text, and where they lie on the column's drawing, in %; None:
    it has none."""
    value, low, high = [*summary, None, None][:3]
    if value is None:
        return None
    shown = {
        "scenario": column["scenario"],
        "value": value,
        "text": _number(value),
        "interval": "",
        "at": None,
    }
    if low is None or high is None:
        return shown
    shown["interval"] = f"{_number(low, 2)}–{_number(high, 2)}"
    if "scale" not in column:
        return shown
    least, most = column["scale"]
    places = [100 * (bound - least) / (most - least) for bound in (low, value, high)]
    left, at, right = (round(min(max(place, 0.0), 100.0), 1) for place in places)
    beyond = "›" if places[1] > 100 else "‹" if places[1] < 0 else ""
    flat = (
        round(100 * (FLAT_LINE - least) / (most - least), 1)
        if METRICS[column["metric"]].better == "lower"
        else -1
    )
    return shown | {
        "left": left,
        "at": at,
        "right": right,
        "beyond": beyond,
        "flat": flat if 0 < flat < 100 else None,
    }


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _cost(cell: Document) -> Document:
    spent = cell["cost"]
    if not spent:
        return {"wall": None, "memory": None, "runner": ""}
    return {
        "wall": spent.get("wall_s"),
        "memory": spent.get("peak_memory_mb"),
        "runner": spent.get("runner", ""),
    }


def _reproduced(found: Inputs, row: str, task: str, cell: Document) -> Document | None:
    """What `pqrst reproduce` last found of a cell; `current` is whether that was the cell that
    stands here."""
    last = found.reproduced.get(f"{row}/{task}")
    if not last:
        return None
    current = last.get("key") in (None, *cell["seeds"].values())
    return {**last, "mark": REPRODUCED[last["verdict"]].mark, "current": current}


def detectable(found: Inputs, names: list[str]) -> list[str]:
    """The least difference that each scenario's patients can show, in words; [] without an
    analysis."""
    texts = []
    for name in names:
        scenario = (found.analysis or {}).get("scenarios", {}).get(name)
        if scenario and scenario["mde"] is not None:
            least = scenario["mde"]
            share = f"{100 * (1 - math.exp(-least)):.0f} %"
            texts.append(
                f"{name} {least:.3f}" if scenario["better"] == "higher" else f"{name} {share}"
            )
    return texts


def published(found: Inputs, task: str, scenario: str) -> Document | None:
    """The numbers of the literature on a scenario, a line per publication and a column per metric;
    above them what our own rows that are no control span, so that none of ours is chosen by its
    test score."""
    numbers = [number for number in found.published if number["scenario"] == scenario]
    if not numbers:
        return None
    columns = {number["metric"]: number["label"] for number in numbers}
    families = row_families(found)
    cells = [
        merged(seeds)
        for (row, of), seeds in by_row(found).items()
        if of == task and families[row] != "control"
    ]
    spans = []
    for metric in columns:
        figures = [
            {name: each[0] for name, each in cell["metrics"].get(scenario, {}).items()}
            for cell in cells
        ]
        known = [value for each in figures if (value := derived(each).get(metric)) is not None]
        spans.append(f"{min(known):.2f}–{max(known):.2f}" if known else "")
    lines = []
    for name in dict.fromkeys(number["name"] for number in numbers):
        mine = {number["metric"]: number for number in numbers if number["name"] == name}
        doubt = "?" if next(iter(mine.values()))["verified"] == "unverified" else ""
        values = [
            f"{mine[metric]['value']:.4g}{doubt}" if metric in mine else "" for metric in columns
        ]
        lines.append({**next(iter(mine.values())), "values": values})
    return {"scenario": scenario, "columns": list(columns.values()), "spans": spans, "lines": lines}


def overview(found: Inputs) -> Document | None:
    """Verdict and rank set of every row that is ranked, scenario by scenario; None without an
    analysis."""
    if not found.analysis:
        return None
    columns = [(task, name) for task in TASKS for name in scenarios(found, task)]
    columns = [(task, name) for task, name in columns if name in found.analysis["scenarios"]]
    lines = []
    for row, family in row_families(found).items():
        if family == "control":
            continue
        values = [
            _standing(found.analysis["scenarios"][name], row, name, task) for task, name in columns
        ]
        complete = found.analysis["complete"].get(row, "")
        lines.append(
            {
                "row": row,
                "label": printable(row),
                "family": family,
                "values": values,
                "complete": complete,
            }
        )
    groups = {task: sum(of == task for of, _ in columns) for task in TASKS}
    return {
        "columns": columns,
        "groups": {task: count for task, count in groups.items() if count},
        "lines": lines,
    }


def _standing(scenario: Document, row: str, name: str, task: str) -> Document | None:
    found = scenario["rows"].get(row)
    if not found:
        return None
    verdict = (
        "reference" if row == scenario["reference"] else (found["difference"] or {}).get("verdict")
    )
    mark, meaning = VERDICTS.get(verdict or "", ("", "no comparison"))
    low, high = found["rank"] or (None, None)
    ranks = "" if low is None else str(low) if low == high else f"{low}–{high}"
    return {
        "scenario": name,
        "task": task,
        "verdict": verdict or "none",
        "mark": mark,
        "meaning": meaning,
        "ranks": ranks,
        "middle": None if low is None else low + high,
    }


def gains(found: Inputs) -> list[Document]:
    """What pretraining gained, a line for each scenario and kind of pretrained row."""
    lines = []
    for name, scenario in (found.analysis or {}).get("scenarios", {}).items():
        for gain in scenario["pretraining"]:
            against = [
                _gain(gain["against"].get(base), scenario["better"]) for base in FROM_NOTHING
            ]
            lines.append(
                {"scenario": name, "task": scenario["task"], "row": gain["row"], "against": against}
            )
    return lines


def _gain(difference: Document | None, better: str) -> Document | None:
    """A difference as a verdict and words: macro-F1, or the change of the error in %."""
    if difference is None:
        return None
    mark, meaning = VERDICTS[difference["verdict"]]
    text, low, high = signed, difference["low"], difference["high"]
    if better == "lower":  # the greater the skill, the smaller the error
        text, low, high = _change, high, low
    words = text(difference["value"]) + (
        f" ({text(low)} to {text(high)})" if low is not None else ""
    )
    return {"verdict": difference["verdict"], "mark": mark, "meaning": meaning, "text": words}


def _change(skill: float) -> str:
    """A log-ratio of errors as the change of the row's error in %."""
    return f"{100 * (math.exp(-skill) - 1):+z.0f} %".replace("-", "−")


def failures(found: Inputs) -> list[Document]:
    """Every cell that is neither scored nor not asked for, with its kind and reason."""
    groups = ((row, task, merged(seeds)) for (row, task), seeds in by_row(found).items())
    return [
        {
            "row": row,
            "label": printable(row),
            "task": task,
            "status": cell["status"],
            "reason": cell["reason"],
        }
        for row, task, cell in groups
        if cell["status"] not in ("scored", "not-applicable")
    ]
