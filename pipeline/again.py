"""Which rows of a board are made again in minutes, by what they cost where they were made."""

import json
from pathlib import Path

from benchmarks import places
from benchmarks.settings import ROOT, board_rows, rows
from pipeline.state import read_stages


def cheap(board: str, minutes: float, root: Path = ROOT) -> list[str]:
    """The addresses of all stages of each row that took at most so many CPU minutes, fits and
    predictions together, by the costs beside its scores; controls made from the truth take none,
    and what was pretrained is never cheap."""
    stages = read_stages(root)
    found = []
    for row in board_rows(board, root):
        path = root / places.scores(board, row, places.COSTS)
        spent = json.loads(path.read_text()) if path.exists() else {}
        pretrained = row in rows(root) and rows(root)[row].pretraining
        if pretrained or sum(cell["cpu_s"] for cell in spent.values()) > 60 * minutes:
            continue
        own = (f"{places.run(board, row)}/", f"{places.scores(board, row)}/")
        found += [
            a for a, stage in stages.items() if any(f"{out}/".startswith(own) for out in stage.outs)
        ]
    return found
