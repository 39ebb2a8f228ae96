"""Small boards for tests: score documents and the cells that board.json holds of them."""

from collections.abc import Iterable
from typing import Any

from benchmarks.contract import CLASSES
from leaderboard.records.boards import Cell

Document = dict[str, Any]


def summary(value: float, low: float | None = None, high: float | None = None) -> Document:
    return {"value": value, "low": low, "high": high}


def cell(
    row: str, family: str, task: str, scenarios: Document, status: str = "scored", **others: Any
) -> Document:
    """A cell of board.json, all of whose provenance is the name of its row."""
    made_from = dict.fromkeys(
        (
            "source",
            "params",
            "pretraining",
            "budget",
            "data",
            "seed",
            "scorer",
            "contract",
            "harness",
            "key",
            "column",
        ),
        row,
    )
    about = {
        "board": "mitdb",
        "row": row,
        "family": family,
        "task": task,
        "seed": 0,
        "status": status,
        "reason": "",
    }
    shown = {name: {"status": "scored", **each} for name, each in scenarios.items()}
    return {
        **about,
        "scenarios": shown,
        "provenance": made_from,
        "cost": {},
        "reproduced": None,
        **others,
    }


def heartbeat(row: str, family: str, value: float, **others: float) -> Document:
    """A cell of the classification task with macro-F1 and whatever else is given."""
    metrics = {"macro_f1": summary(value, value - 0.1, value + 0.1)} | {
        k: summary(v) for k, v in others.items()
    }
    return cell(
        row, family, "classification", {"heartbeat": {"primary": "macro_f1", "metrics": metrics}}
    )


def forecasts(row: str, family: str, value: float, seed: int = 0) -> Document:
    """A cell of the forecasting task: both scenarios, with errors by horizon."""
    scenarios = {}
    for name in ("forecast-20", "forecast-50"):
        by_horizon = {f"nrmse_{k / 2:.1f}s": summary(value + k / 100) for k in range(1, 4)}
        metrics = {
            "nrmse": summary(value),
            "warped_nrmse": summary(value - 0.1, value - 0.2, value),
            **by_horizon,
        }
        scenarios[name] = {"primary": "warped_nrmse", "metrics": metrics}
    return cell(row, family, "forecasting", scenarios, seed=seed)


def noisy(row: str, family: str, values: dict[str, float]) -> Document:
    """A cell of the reconstruction task: nRMSE by scenario."""
    scenarios = {
        name: {"primary": "nrmse", "metrics": {"nrmse": summary(value)}}
        for name, value in values.items()
    }
    return cell(row, family, "reconstruction", scenarios)


def failed(row: str, family: str, task: str, kind: str, reason: str) -> Document:
    return cell(row, family, task, {}, kind, reason=reason)


def beats(row: str, confusions: dict[str, list[int]], seed: int = 0) -> Document:
    """A score document of the heartbeat scenario: by patient, the last of whom is of the validation
    set, the counts of N and V beats called N and V, [NN, NV, VN, VV]."""
    tables = []
    for counts in confusions.values():
        table = [0] * len(CLASSES) ** 2
        for place, count in zip(
            (0, 2, 2 * len(CLASSES), 2 * len(CLASSES) + 2), counts, strict=True
        ):
            table[place] = count
        tables.append(table)
    split = ["test"] * (len(tables) - 1) + ["validation"]
    patients = {"patient": list(confusions), "split": split, "confusion": tables}
    found = {
        "heartbeat": {
            "status": "scored",
            "primary": "macro_f1",
            "metrics": {},
            "patients": patients,
        }
    }
    return {
        "row": row,
        "family": "supervised",
        "task": "classification",
        "seed": seed,
        "scenarios": found,
    }


def typed(cells: Iterable[Document]) -> list[Cell]:
    """Cells as views take them."""
    return [Cell.model_validate(each) for each in cells]


def document(*cells: Document) -> Document:
    """The board.json of some cells."""
    return {"board": "mitdb", "cells": {f"{c['row']}/{c['task']}-{c['seed']}": c for c in cells}}
