"""What the cells of a row cost, and on which machine: `costs.json` beside the row's scores."""

from pathlib import Path

from benchmarks import contract, places
from benchmarks.contract import Status
from benchmarks.settings import ROOT
from leaderboard.scoring.documents import Document


def costs(board: str, row: str, root: Path = ROOT) -> Document:
    """What the row's cells cost (s, MB, J) and on which machine, by `places.cost`; pretrainings are
    among them."""
    spent: Document = {}
    for path in sorted((root / places.run(board, row)).glob("*/status/*.json")):
        status = contract.load(Status, path)
        calls = [call.model_dump(exclude={"command"}) for call in status.calls]
        spent[places.cost(path.parent.parent.name, status.seed)] = {
            "wall_s": round(sum(call.wall_s for call in status.calls), 2),
            "cpu_s": round(sum(call.cpu_s for call in status.calls), 2),
            "peak_memory_mb": max((call.peak_memory_mb for call in status.calls), default=0),
            "energy_j": _total([call.energy_j for call in status.calls]),
            "parameters": status.parameters,
            "steps": status.steps,
            "runner": status.runner,
            "image": status.image,
            "hardware": status.hardware,
            "log_tail": status.log_tail,
            "calls": calls,
        }
    return spent


def _total(values: list[float | None]) -> float | None:
    """The sum, rounded to 0.1; None unless every value is known."""
    known = [value for value in values if value is not None]
    return round(sum(known), 1) if known and len(known) == len(values) else None
