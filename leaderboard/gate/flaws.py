"""Contradictions inside a score document: numbers that its own table of patients does not give."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.contract import CLASSES
from benchmarks.metrics.heartbeats import macro_f1
from benchmarks.metrics.table import METRICS
from leaderboard.scoring.documents import ScenarioScore, ScoreDocument

# Tolerance between a mean in a document and the mean of its patients, all rounded to six digits.
ROUNDING = {"rtol": 1e-4, "atol": 1e-5}


def flaws(document: ScoreDocument) -> Iterator[str]:
    """The contradictions of a document: a status that does not fit its scenarios, or a number that
    does not follow from its table of patients."""
    if document.status == "scored" and not document.scenarios:
        yield "says that it is scored and holds no scenario"
    if document.status != "scored" and document.scenarios:
        yield f"says {document.status} and holds scores all the same"
    for scenario, score in document.scored().items():
        yield from (f"{scenario}: {flaw}" for flaw in _contradictions(score))


def _contradictions(scenario: ScenarioScore) -> Iterator[str]:
    table, lengths = scenario.patients, {len(column) for column in scenario.patients.values()}
    if (
        not {"patient", "split"} <= table.keys()
        or len(lengths) != 1
        or "test" not in table["split"]
    ):
        yield "expected one row per patient, with test patients among them; score the row again"
        return
    if scenario.primary is None or scenario.metrics.get(scenario.primary) is None:
        yield f"its primary metric, {scenario.primary}, has no value"
    test = np.array([split == "test" for split in table["split"]])
    for metric, value in scenario.metrics.items():
        if metric not in METRICS:
            yield f"{metric} is no metric of this harness; score the row again"
            continue
        try:
            again = _again(metric, table, test)
        except (TypeError, ValueError, KeyError):
            yield f"{metric}: its patients' rows do not hold the numbers that it is made from"
            continue
        if again is not None and not np.isclose(
            np.nan if value is None else value, again, equal_nan=True, **ROUNDING
        ):
            yield f"{metric} is {value}, but its patients' rows give {again:.6g}"


def _again(metric: str, table: dict[str, list[Any]], test: np.ndarray) -> float | None:
    """A published metric, made again from its test patients' rows; None where it is no function of
    them."""
    kind = METRICS[metric].interval
    if kind == "jackknife":
        counts = np.array(table["confusion"], float).reshape(-1, len(CLASSES), len(CLASSES))[test]
        return float(macro_f1(counts.sum(0)))
    if not kind:
        return None
    values = np.array(table[metric], float)[test]
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
