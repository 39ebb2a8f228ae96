"""How rows stand against each other, line by line, for the page's template: verdicts, rank sets,
what pretraining gained, and what can't be told apart."""

import math
from typing import Any

from benchmarks.contract import TASKS
from benchmarks.text import printable
from leaderboard.analysis.analysis import FROM_NOTHING
from leaderboard.analysis.document import Difference, ScenarioAnalysis
from leaderboard.page.content import row_families, scenarios
from leaderboard.page.inputs import Inputs
from leaderboard.views.labels import COMPARED, signed

Line = dict[str, Any]  # what the template shows of one line or field


def detectable(inputs: Inputs, names: list[str]) -> list[str]:
    """The least difference that each scenario's patients can show, in words; [] without an
    analysis."""
    texts = []
    for name in names:
        scenario = inputs.analysis.scenarios.get(name) if inputs.analysis else None
        if scenario and scenario.mde is not None:
            least = scenario.mde
            share = f"{100 * (1 - math.exp(-least)):.0f} %"
            texts.append(
                f"{name} {least:.3f}" if scenario.better == "higher" else f"{name} {share}"
            )
    return texts


def overview(inputs: Inputs) -> Line | None:
    """Verdict and rank set of every row that is ranked, scenario by scenario; None without an
    analysis."""
    if not inputs.analysis:
        return None
    columns = [(task, name) for task in TASKS for name in scenarios(inputs, task)]
    columns = [(task, name) for task, name in columns if name in inputs.analysis.scenarios]
    lines = []
    for row, family in row_families(inputs).items():
        if family == "control":
            continue
        values = [
            _standing(inputs.analysis.scenarios[name], row, name, task) for task, name in columns
        ]
        complete = inputs.analysis.complete.get(row, "")
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


def _standing(scenario: ScenarioAnalysis, row: str, name: str, task: str) -> Line | None:
    figure = scenario.rows.get(row)
    if not figure:
        return None
    verdict = (
        "reference"
        if row == scenario.reference
        else (figure.difference and figure.difference.verdict)
    )
    mark, meaning = COMPARED.get(verdict or "", ("", "no comparison"))
    first, last = figure.rank or (0, 0)  # 0: it is not ranked
    ranks = f"{first or ''}" if first == last else f"{first}–{last}"
    return {
        "scenario": name,
        "task": task,
        "verdict": verdict or "none",
        "mark": mark,
        "meaning": meaning,
        "ranks": ranks,
        "middle": first + last or None,
    }


def gains(inputs: Inputs) -> list[Line]:
    """What pretraining gained, a line for each scenario and kind of pretrained row."""
    lines = []
    for name, scenario in inputs.analysis.scenarios.items() if inputs.analysis else ():
        for gain in scenario.pretraining:
            against = [_gain(gain.against.get(base), scenario.better) for base in FROM_NOTHING]
            lines.append(
                {"scenario": name, "task": scenario.task, "row": gain.row, "against": against}
            )
    return lines


def _gain(difference: Difference | None, better: str) -> Line | None:
    """A difference as a verdict and words: macro-F1, or the change of the error in %."""
    if difference is None:
        return None
    mark, meaning = COMPARED[difference.verdict]
    text, low, high = signed, difference.low, difference.high
    if better == "lower":  # the greater the skill, the smaller the error
        text, low, high = _change, high, low
    words = text(difference.value) + (f" ({text(low)} to {text(high)})" if low is not None else "")
    return {"verdict": difference.verdict, "mark": mark, "meaning": meaning, "text": words}


def _change(skill: float | None) -> str:
    """A log-ratio of errors as the change of the row's error in %."""
    if skill is None:
        return "–"
    return f"{100 * (math.exp(-skill) - 1):+z.0f} %".replace("-", "−")
