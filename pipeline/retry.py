"""Which stages run again because their cell failed, although nothing that they are made from
changed."""

import json
from pathlib import Path

from benchmarks import places
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, rows
from pipeline.state import read_stages

NO_FAILURE = ("scored", "not-applicable")


def failed(board: str, every: bool = False, root: Path = ROOT) -> dict[str, str]:
    """The addresses of the stages that made a board's failed cells, each with how it failed: the
    harness's own trouble (`infrastructure`), or `every` failure. A pretraining that failed, and all
    that was to be fitted on it, too.

    Raises UserError for a score document that can't be read.
    """
    makers = {out: address for address, stage in read_stages(root).items() for out in stage.outs}
    found: dict[str, str] = {}
    for path in sorted((root / places.scores(board)).glob("*/*-*.json")):
        try:
            document = json.loads(path.read_text())
            row, task, kind = document["row"], document["task"], document["status"]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path}: no score document ({error!r}); bring it back: git checkout {path}"
            ) from None
        address = makers.get(places.run(board, row, task, "status"))
        if address is None or kind in NO_FAILURE or not (every or kind == "infrastructure"):
            continue
        found[address] = kind
        pretrained = places.run(board, str(rows(root)[row].pretraining), "pretrain", "status")
        kinds = {
            json.loads(status.read_text())["kind"] for status in (root / pretrained).glob("*.json")
        }
        if pretrained in makers and kind in kinds:
            found[makers[pretrained]] = kind
    return found
