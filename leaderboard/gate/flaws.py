"""The form of a score document, and what its numbers must say of each other."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.contract import CLASSES, CONTRACT_VERSION, parse
from benchmarks.errors import UserError
from benchmarks.metrics.heartbeats import macro_f1
from benchmarks.metrics.table import METRICS
from leaderboard.scoring.documents import HARNESS_VERSION, Document, ScenarioScore, ScoreDocument

# A mean of published numbers, each of six digits, against the published mean.
ROUNDING = {"rtol": 1e-4, "atol": 1e-5}


def flaws(document: Document) -> Iterator[str]:
    """What makes a document no score of this harness: another version, a wrong form, a number that
    is not finite or that its own patients' rows contradict."""
    about = document.get("provenance")
    if not isinstance(about, dict) or not about:
        yield "has no provenance; score the row again"
        return
    for what, found, ours in (
        ("harness", about.get("harness"), HARNESS_VERSION),
        ("contract", about.get("contract"), CONTRACT_VERSION),
    ):
        if found != ours:
            yield f"was scored by {what} version {found}, expected {ours}; score the row again"
            return
    try:
        parsed = parse(ScoreDocument, document, "no score document")
    except UserError as error:
        yield f"{error}; score the row again"
        return
    if parsed.status == "scored" and not parsed.scenarios:
        yield "says that it is scored and holds no scenario"
    if parsed.status != "scored" and parsed.scenarios:
        yield f"says {parsed.status} and holds scores all the same"
    for scenario, found in parsed.scenarios.items():
        if found.status == "scored":
            yield from (f"{scenario}: {flaw}" for flaw in _contradictions(found))


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
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
