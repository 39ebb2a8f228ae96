"""The page's tables of scores, line by line, for the template: they are in the page before any
script runs."""

from typing import Any

from benchmarks.metrics.table import METRICS, columns_beside
from benchmarks.scenarios import HEARTBEAT
from benchmarks.text import printable
from leaderboard.page.content import Run, row_families, runs, scenarios
from leaderboard.page.inputs import Inputs
from leaderboard.page.standings import detectable
from leaderboard.records.literature import derived
from leaderboard.records.reproduced import VERDICTS

Line = dict[str, Any]  # what the template shows of one line or field
WIDEST = 2.5  # of an error's drawing: beyond it lies nothing that is worth the room
FLAT_LINE = 1.0  # what a flat line scores, about


def task_table(inputs: Inputs, task: str) -> Line:
    """The table of one task: columns, lines, the rows that do not do it, and the least difference
    that can be seen."""
    metrics = scenarios(inputs, task)
    columns: list[Line] = [
        {"scenario": name, "metric": metric.name, "title": name} for name, metric in metrics.items()
    ]
    extra: list[Line] = [
        {"scenario": HEARTBEAT.name, "metric": metric.name, "title": metric.label}
        for metric in columns_beside(task)
        if metrics
    ]
    of_task = {row: run for (row, of), run in runs(inputs).items() if of == task}
    families = row_families(inputs)
    rows = [row for row in families if row in of_task]
    for column in columns:
        column["scale"] = _scale(
            [
                bound
                for row in rows
                if families[row] != "control" and of_task[row].status == "scored"
                for bound in _summary(inputs, row, of_task[row], column)
                if bound is not None
            ]
        )
    lines = []
    for row in rows:
        run = of_task[row]
        if run.status == "not-applicable":
            continue
        line: Line = {
            "row": row,
            "label": printable(row),
            "family": families[row],
            "status": run.status,
        }
        if run.status == "scored":
            line["values"] = [
                _value(_summary(inputs, row, run, column), column) for column in [*columns, *extra]
            ]
        else:
            line["reason"] = run.reason
        lines.append({**line, **_cost(run), "reproduced": _reproduced(inputs, row, task, run)})
    return {
        "task": task,
        "columns": [
            {**column, "metric_title": METRICS[column["metric"]].label} for column in columns
        ],
        "extra": extra,
        "lines": lines,
        "absent": [printable(row) for row in rows if of_task[row].status == "not-applicable"],
        "detectable": detectable(inputs, list(metrics)),
        "published": [each for name in metrics if (each := literature(inputs, task, name))],
    }


def _summary(inputs: Inputs, row: str, run: Run, column: Line) -> list[float | None]:
    """[value, low, high] of a column: the mean over seeds where the analysis has it, else the first
    seed's."""
    scenario, metric = column["scenario"], column["metric"]
    analysed = inputs.analysis.scenarios.get(scenario) if inputs.analysis else None
    if analysed and analysed.metric == metric and row in analysed.rows:
        figure = analysed.rows[row]
        return [figure.value, figure.low, figure.high]
    return run.metrics.get(scenario, {}).get(metric, [None])


def _scale(bounds: list[float]) -> tuple[float, float]:
    """What the drawings of a column reach from and to, with a little room."""
    if not bounds:
        return 0.0, 1.0
    low, high = min(bounds), min(max(bounds), max(WIDEST, 1.5 * min(bounds)))
    room = max(0.06 * (high - low), 0.005)
    return max(0.0, low - room), high + room


def _value(summary: list[float | None], column: Line) -> Line | None:
    """A number with its interval as text, and where they lie on the column's drawing, in %; None:
    it has none."""
    value, low, high = [*summary, None, None][:3]
    if value is None:
        return None
    metric = METRICS[column["metric"]]
    shown = {
        "scenario": column["scenario"],
        "value": value,
        "text": _number(value, metric.digits),
        "interval": "",
        "at": None,
    }
    if low is None or high is None:
        return shown
    shown["interval"] = f"{_number(low, metric.digits - 1)}–{_number(high, metric.digits - 1)}"
    if "scale" not in column:
        return shown
    least, most = column["scale"]
    places = [100 * (bound - least) / (most - least) for bound in (low, value, high)]
    left, at, right = (round(min(max(place, 0.0), 100.0), 1) for place in places)
    beyond = "›" if places[1] > 100 else "‹" if places[1] < 0 else ""
    flat = round(100 * (FLAT_LINE - least) / (most - least), 1) if metric.better == "lower" else -1
    return shown | {
        "left": left,
        "at": at,
        "right": right,
        "beyond": beyond,
        "flat": flat if 0 < flat < 100 else None,
    }


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _cost(run: Run) -> Line:
    spent = run.cost
    if not spent:
        return {"wall": None, "memory": None, "runner": ""}
    return {
        "wall": spent.get("wall_s"),
        "memory": spent.get("peak_memory_mb"),
        "runner": spent.get("runner", ""),
    }


def _reproduced(inputs: Inputs, row: str, task: str, run: Run) -> Line | None:
    """The last verdict of `pqrst reproduce` on a run; `current` is whether the board still shows
    the run that it judged."""
    last = inputs.reproduced.get(f"{row}/{task}")
    if not last:
        return None
    current = last.key in run.seeds.values()
    return {**last.model_dump(), "mark": VERDICTS[last.verdict].mark, "current": current}


def literature(inputs: Inputs, task: str, scenario: str) -> Line | None:
    """The numbers of the literature on a scenario, a line per publication and a column per metric;
    above them what our own rows that are no control span, so that none of ours is chosen by its
    test score."""
    numbers = [number for number in inputs.published if number["scenario"] == scenario]
    if not numbers:
        return None
    columns = {number["metric"]: number["label"] for number in numbers}
    families = row_families(inputs)
    ours = [
        run for (row, of), run in runs(inputs).items() if of == task and families[row] != "control"
    ]
    spans = []
    for metric in columns:
        figures = [
            {name: each[0] for name, each in run.metrics.get(scenario, {}).items()} for run in ours
        ]
        defined = [value for each in figures if (value := derived(each).get(metric)) is not None]
        spans.append(f"{min(defined):.2f}–{max(defined):.2f}" if defined else "")
    lines = []
    for name in dict.fromkeys(number["name"] for number in numbers):
        mine = {number["metric"]: number for number in numbers if number["name"] == name}
        doubt = "?" if next(iter(mine.values()))["verified"] == "unverified" else ""
        values = [
            f"{mine[metric]['value']:.4g}{doubt}" if metric in mine else "" for metric in columns
        ]
        lines.append({**next(iter(mine.values())), "values": values})
    return {"scenario": scenario, "columns": list(columns.values()), "spans": spans, "lines": lines}


def failures(inputs: Inputs) -> list[Line]:
    """Every run that failed, with its kind of failure and its reason."""
    return [
        {
            "row": row,
            "label": printable(row),
            "task": task,
            "status": run.status,
            "reason": run.reason,
        }
        for (row, task), run in runs(inputs).items()
        if run.status not in ("scored", "not-applicable")
    ]
