"""Make a published cell again in a scratch folder: its data as recorded, its pretraining, its
calls."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from benchmarks import places
from benchmarks.contract import Status
from benchmarks.errors import UserError
from benchmarks.settings import Row
from benchmarks.settings import board as find_board
from benchmarks.settings import row as find_row
from containers.calls.call import InfrastructureError
from containers.calls.runs import make_pretraining, make_run
from containers.runner import prepare
from leaderboard.reproduce.published import Published
from leaderboard.reproduce.verdict import Difference
from pipeline import cache
from pipeline.hashes import Hashes
from pipeline.repro import checkout_missing, exclusive, run_stage
from pipeline.state import needed, upstream


def bring_data(cell: Published, root: Path, console: Console) -> None:
    """See that the data of a cell is here as its lock records it; what is missing comes out of
    DVC's cache, or is made again. Raises UserError naming what is not as recorded, and what to
    do."""
    recorded = {
        dep["path"]: dep["md5"]
        for address in (cell.maker, cell.scorer)
        for dep in cell.locks.get(address or "", {}).get("deps", [])
        if dep["path"].startswith("data/")
    }
    if any(not (root / path).exists() for path in recorded):
        with exclusive(root, console.print):
            before = upstream(cell.stages)
            order = [a for a in needed(cell.scorer, before) if cell.stages[a].file == "dvc.yaml"]
            checkout_missing([cell.stages[address] for address in order], root)
            for address in _to_make(
                order, before, [p for p in recorded if not (root / p).exists()], cell, root
            ):
                console.print(f"making {', '.join(cell.stages[address].outs)}", highlight=False)
                if error := run_stage(cell.stages[address], root, set()):
                    raise UserError(f"{address} failed, and with it the data of the cell: {error}")
    hashes = Hashes(root)
    for path, md5 in recorded.items():
        if (found := hashes.of(path)) != md5:
            raise UserError(
                f"{path} is {found or 'missing'}, but the published cell was made from {md5}; see"
                f" pqrst status {cell.board}, and remove {path} to have it made again"
            )
    hashes.save()


def _to_make(
    order: list[str],
    before: dict[str, list[str]],
    missing: Iterable[str],
    cell: Published,
    root: Path,
) -> list[str]:
    """Of the data's stages in `order`, those that must run for the missing paths."""
    outs = {address: cell.stages[address].outs for address in order}
    wanted = {
        a
        for a in order
        for path in missing
        if any(f"{path}/".startswith(f"{out}/") for out in outs[a])
    }
    for address in reversed(order):
        if address in wanted:
            wanted |= {
                m
                for m in before[address]
                if any(not (root / out).exists() for out in cell.stages[m].outs)
            }
    return [address for address in order if address in wanted]


def run(
    cell: Published, row: Row, scratch: Path, root: Path, pretrained: Path | None, runner: str
) -> list[Difference]:
    """Run a cell below `scratch`, and its pretraining in `pretrained`; what of it has the recorded
    bytes."""
    board, cases, ready = (
        find_board(cell.board, root),
        root / places.cases(cell.board),
        prepare(runner),
    )
    outcome = []
    if row.pretraining:
        place = places.run(cell.board, row.pretraining, "pretrain")
        if pretrained:
            if not (pretrained / place).exists():
                make_pretraining(
                    find_row(row.pretraining, root), board, cases, pretrained / place, ready
                )
            shutil.copytree(pretrained / place, scratch / place)
            recorded = cell.recorded(f"{place}/model", cell.maker)
            outcome.append(
                Difference("pretraining", recorded, Hashes(scratch).of(f"{place}/model"))
            )
        else:
            for part in ("model", "status"):
                bring(
                    f"{place}/{part}",
                    str(cell.recorded(f"{place}/{part}", cell.maker)),
                    scratch,
                    root,
                )
    make_run(row, board, cell.task, cases, scratch / cell.folder, ready)
    hashes = Hashes(scratch)
    for part in ("model", "predictions"):
        path = f"{cell.folder}/{part}"
        outcome.append(Difference(part, cell.recorded(path, cell.maker), hashes.of(path)))
    return outcome


def bring(path: str, md5: str, scratch: Path, root: Path) -> None:
    """Copy a recorded output folder into the scratch folder, from the work tree or else from DVC's
    cache."""
    target = scratch / path
    if Hashes(root).of(path) == md5:
        shutil.copytree(root / path, target)
    elif (files := cache.files(md5, root)) is not None:
        for name, digest in files.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cache.path(digest, root), target / name)
    else:
        raise UserError(
            f"{path}, on which the cell was fitted, is not here; bring it: dvc pull; or make it"
            " again: --pretraining"
        )


def raise_trouble(cell: Published, statuses: list[Status]) -> None:
    """Raise InfrastructureError for an ending that says nothing about the cell: our own trouble, or
    a slow machine."""
    for status in statuses:
        published = cell.documents.get(status.seed)
        if status.kind == "infrastructure":
            raise InfrastructureError(f"{cell.folder}, seed {status.seed}: {status.reason}")
        if status.kind == "timeout" and published and published.status == "scored":
            raise InfrastructureError(
                f"{cell.folder}, seed {status.seed}: {status.reason}; on a machine slower than that"
                " of the board give it longer: PQRST_PATIENCE=4"
            )
