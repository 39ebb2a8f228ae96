"""Learning curves: what the trainings of a row wrote beside their weights (`history.json`), as one picture."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.contract import TASKS, ContractError
from benchmarks.settings import ROOT

STAGES = ("pretrain", *TASKS)
COLOURS = {"training": "#8a8a8a", "validation": "#1f5fa8"}


def histories(runs: Path) -> dict[str, list[dict[str, float]]]:
    """The checks of each training below a row's `runs`, by `STAGE, seed N`: step, training and validation loss.

    Raises ContractError where there is none, or where one is no list of such checks.
    """
    found = {}
    for stage in STAGES:
        for path in sorted(runs.glob(f"{stage}/model/seed-*/history.json")):
            checks = json.loads(path.read_text())
            if not checks or not all({"step", *COLOURS} <= set(check) for check in checks):
                raise ContractError(f"{path}: expected a list of objects with step, training and validation")
            found[f"{stage}, {path.parent.name.replace('-', ' ')}"] = checks
    if not found:
        raise ContractError(
            f"expected {runs}/STAGE/model/seed-N/history.json, found none: either the row learns nothing step by step, "
            "or its runs are not here (dvc pull, or pqrst repro BOARD --remake)"
        )
    return found


def draw(found: dict[str, list[dict[str, float]]], title: str) -> Figure:
    """A panel per training: training loss on the left axis, validation on the right, for they need not be the same
    loss; a dot where validation was lowest, which is where the weights are from."""
    figure = Figure(figsize=(3.6 * len(found), 3.2), layout="constrained")
    figure.suptitle(title)
    for axes, (name, checks) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        axes.set_title(name, fontsize="medium")
        axes.set_xlabel("step")
        right = axes.twinx()
        for side, (column, colour) in zip((axes, right), COLOURS.items(), strict=True):
            side.plot([check["step"] for check in checks], [check[column] for check in checks], color=colour)
            side.set_ylabel(column, color=colour)
            side.tick_params(axis="y", labelcolor=colour)
        lowest = min(checks, key=lambda check: check["validation"])
        right.plot(lowest["step"], lowest["validation"], "o", color=COLOURS["validation"])
    return figure


def write_curves(board: str, row: str, root: Path = ROOT) -> Path:
    """Draw runs/BOARD/ROW/curves.png and return its path."""
    runs = root / "runs" / board / row
    target, temporary = runs / "curves.png", runs / "curves.tmp"
    draw(histories(runs), f"{row} on {board}").savefig(temporary, format="png", dpi=120)
    return temporary.rename(target)
