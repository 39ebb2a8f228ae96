"""What the page says: one JSON value for its scripts, and the lines of its tables for the template.

Everything that a method may have written (names, reasons, logs, cards) is cleaned of terminal
escapes here, and shown by the template's escaping or by the scripts' textContent alone."""

from dataclasses import dataclass
from typing import Any

from benchmarks.contract import CLASSES, TASKS
from benchmarks.metrics.table import METRICS, Metric
from benchmarks.scenarios import HEARTBEAT, SNR
from benchmarks.text import printable
from leaderboard.page.inputs import Inputs
from leaderboard.page.pack import pack_answers, pack_questions
from leaderboard.records.boards import Cell, Summary, ranked_by
from leaderboard.records.cells import FAMILIES
from leaderboard.records.reproduced import VERDICTS
from leaderboard.views.labels import COMPARED


@dataclass(frozen=True)
class Run:
    """The seeds of one row and task as the page shows them. Numbers and provenance are the first
    seed's; the analysis holds the mean over seeds."""

    status: str
    reason: str
    log: str
    seeds: dict[int, str | None]  # the comparability key of each
    tau: float | None
    metrics: dict[str, dict[str, list[float | None]]]  # scenario: metric: [value, low, high]
    cost: dict[str, Any]
    hardware: dict[str, Any]
    image: dict[str, Any]
    provenance: dict[str, Any]


def content(inputs: Inputs) -> dict[str, Any]:
    """The value that the scripts read (`script/state.js`)."""
    return {
        "board": inputs.board,
        "about": inputs.about,
        "classes": CLASSES,
        "families": FAMILIES,
        "snr": SNR,
        "metrics": {name: _metric(metric) for name, metric in METRICS.items()},
        "verdicts": {word: verdict.mark for word, verdict in COMPARED.items()},
        "remade": {word: verdict.mark for word, verdict in VERDICTS.items()},
        "tasks": {
            task: {name: metric.name for name, metric in scenarios(inputs, task).items()}
            for task in TASKS
        },
        "rows": [
            {"name": row, "family": each, **_method(inputs, row)}
            for row, each in row_families(inputs).items()
        ],
        "cells": {f"{row}/{task}": vars(run) for (row, task), run in runs(inputs).items()},
        "confusions": inputs.confusions,
        "questions": pack_questions(inputs.questions),
        "answers": {row: pack_answers(each) for row, each in inputs.answers.items()},
        "analysis": inputs.analysis and inputs.analysis.model_dump(),
        "histories": inputs.histories,
        "reproduced": {name: last.model_dump() for name, last in inputs.reproduced.items()},
    }


def _metric(metric: Metric) -> dict[str, Any]:
    """What the scripts ask of a metric; `horizon` (s) stands where it judges a part of a
    forecast."""
    title = metric.title or metric.label
    about = {
        "label": metric.label,
        "title": f"{title} ({metric.unit})" if metric.unit else title,
        "better": metric.better,
        "digits": metric.digits,
    }
    return about if metric.horizon_s is None else {**about, "horizon": metric.horizon_s}


def row_families(inputs: Inputs) -> dict[str, str]:
    """Every row of the board and its family, in the order of the board."""
    return {cell.row: cell.family for cell in inputs.cells}


def runs(inputs: Inputs) -> dict[tuple[str, str], Run]:
    """What came of each (row, task), in the order of the board."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in inputs.cells:
        groups.setdefault((cell.row, cell.task), []).append(cell)
    return {address: merged(seeds) for address, seeds in groups.items()}


def scenarios(inputs: Inputs, task: str) -> dict[str, Metric]:
    """The scenarios of a task that the board has, and the metric that ranks each."""
    return ranked_by(inputs.cells, task)


def merged(seeds: list[Cell]) -> Run:
    """The seeds of one row and task as one: scored if all of them are, else the first that is
    not."""
    failed = next((cell for cell in seeds if cell.status != "scored"), None)
    cell = failed or seeds[0]
    cost, beats = cell.cost, cell.scenarios.get(HEARTBEAT.name)
    where = f"seed {cell.seed}: " if len(seeds) > 1 and failed else ""
    return Run(
        status=cell.status,
        reason=where + printable(cell.reason) if cell.reason else "",
        log=printable(cost.get("log_tail", "")),
        seeds={seed.seed: seed.provenance.get("key") for seed in seeds},
        tau=beats.tau if beats else None,
        metrics={
            name: {metric: _bounds(summary) for metric, summary in scenario.metrics.items()}
            for name, scenario in cell.scenarios.items()
            if scenario.status == "scored"
        },
        cost={
            key: value
            for key, value in cost.items()
            if key not in ("hardware", "image", "log_tail")
        },
        hardware=cost.get("hardware", {}),
        image=cost.get("image", {}),
        provenance=cell.provenance,
    )


def _bounds(summary: Summary) -> list[float | None]:
    """[value, low, high], or [value] where there is no interval."""
    if summary.low is None:
        return [summary.value]
    return [summary.value, summary.low, summary.high]


def _method(inputs: Inputs, row: str) -> dict[str, Any]:
    card = {"label": row, **inputs.methods.get(row, {})}
    return {
        key: printable(value) if isinstance(value, str) else value for key, value in card.items()
    }
