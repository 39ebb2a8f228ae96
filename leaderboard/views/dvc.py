"""What `dvc metrics` and `dvc plots` show of a board: small files that DVC reads as they are.

`metrics/ROW.json` holds the primary metric of each scenario, so that `dvc metrics show` is a table
of rows by scenarios and `dvc metrics diff` names what moved. `plots/*.csv` are long tables for the
templates in `.dvc/plots`."""

import csv
import io
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.contract import CLASSES
from benchmarks.files import replacing, write_text
from benchmarks.metrics.table import METRICS, NRMSE
from benchmarks.scenarios import HEARTBEAT, SNR
from leaderboard.records.boards import Cell
from leaderboard.scoring.documents import Document, dump, rounded

Line = dict[str, str | int | float | None]  # of a table of plots, by column
HORIZON = "forecast-50"


def primary_values(cells: list[Cell]) -> dict[str, dict[str, float]]:
    """For each row the primary metric of each scenario that it has a score for, the mean over its
    seeds."""
    values_of: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        for name, scenario in cell.scenarios.items():
            value = scenario.value(scenario.primary)
            if value is not None:
                values_of[cell.row][name].append(value)
    return {
        row: {name: _mean(values) for name, values in each.items()}
        for row, each in values_of.items()
    }


def scores(cells: list[Cell]) -> list[Line]:
    """The primary metric of each cell and scenario with its interval: row, family, seed, scenario,
    metric, value, low, high."""
    lines = []
    for cell in cells:
        about = {"row": cell.row, "family": cell.family, "seed": cell.seed}
        for name, scenario in cell.scenarios.items():
            if scenario.value(scenario.primary) is not None:
                summary = scenario.metrics[scenario.primary].model_dump()
                lines.append({**about, "scenario": name, "metric": scenario.primary, **summary})
    return lines


def horizons(cells: list[Cell]) -> list[Line]:
    """nRMSE of each half second of the longest forecast by where it ends: row, seconds, nrmse."""
    lines = []
    for cell in filter(_drawn, cells):
        for metric in METRICS.values():
            value = cell.value(HORIZON, metric)
            if metric.horizon_s is not None and value is not None:
                lines.append({"row": cell.row, "seconds": metric.horizon_s, NRMSE.name: value})
    return lines


def noise(cells: list[Cell]) -> list[Line]:
    """nRMSE by the signal-to-noise ratio of what a row was given: row, snr_db, nrmse."""
    lines = []
    for cell in filter(_drawn, cells):
        for name, snr in SNR.items():
            value = cell.value(name, NRMSE)
            if value is not None:
                lines.append({"row": cell.row, "snr_db": snr, NRMSE.name: value})
    return lines


def confusions(documents: list[Document]) -> list[Line]:
    """Beats of the test patients by class and by the class that a row gave them, and their share of
    the class: row, actual, predicted, beats, share."""
    lines = []
    for document in documents:
        scenario = document["scenarios"].get(HEARTBEAT.name, {})
        if document["seed"] or scenario.get("status") != "scored":
            continue
        table = scenario["patients"]
        test = [
            counts
            for counts, split in zip(table["confusion"], table["split"], strict=True)
            if split == "test"
        ]
        pooled = np.array(test).reshape(-1, len(CLASSES), len(CLASSES)).sum(0)
        for actual, counts in zip(CLASSES, pooled, strict=True):
            for predicted, beats in zip(CLASSES, counts, strict=True):
                share = rounded(beats / counts.sum()) if counts.sum() else ""
                pair = {"row": document["row"], "actual": actual, "predicted": predicted}
                lines.append({**pair, "beats": int(beats), "share": share})
    return lines


def write_views(out: Path, documents: list[Document], cells: list[Cell]) -> None:
    """Replace `out`/metrics and `out`/plots. `documents` are the score documents, `cells` what
    board.json holds."""
    rows = primary_values(cells)
    tables = {
        "scores": scores(cells),
        "horizon": horizons(cells),
        "noise": noise(cells),
        "confusion": confusions(documents),
    }
    _replace(out / "metrics", {f"{row}.json": dump(values) for row, values in rows.items()})
    _replace(out / "plots", {f"{name}.csv": _csv(lines) for name, lines in tables.items() if lines})


def _drawn(cell: Cell) -> bool:
    """Whether a cell has a curve: of several seeds the first, of the controls the flat line
    alone."""
    return cell.seed == 0 and (cell.family != "control" or cell.row == "mean")


def _mean(values: list[float]) -> float:
    return float(rounded(sum(values) / len(values)))  # type: ignore[arg-type]


def _csv(lines: list[Line]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return buffer.getvalue()


def _replace(folder: Path, files: dict[str, str]) -> None:
    """Make a folder anew: what it held before, such as a row that is no more, is gone."""
    with replacing(folder) as out:
        for name, text in files.items():
            write_text(out / name, text)
