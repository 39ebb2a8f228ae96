"""Make a published run again in a scratch folder: bring its data as recorded and its pretraining,
and repeat its calls."""

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
from leaderboard.reproduce.published import PublishedRun
from leaderboard.reproduce.verdict import Difference
from pipeline import cache
from pipeline.hashes import Hashes
from pipeline.repro import checkout_missing, exclusive, run_stage
from pipeline.state import needed, upstream


def bring_data(run: PublishedRun, root: Path, console: Console) -> None:
    """Make sure that the data of a run is here as its lock records it; a missing folder comes out
    of DVC's cache, or is made again. Raises UserError naming a folder that is not as recorded and
    the way out."""
    recorded = {
        dep["path"]: dep["md5"]
        for address in (run.maker, run.scorer)
        for dep in run.locks.get(address or "", {}).get("deps", [])
        if dep["path"].startswith("data/")
    }
    if any(not (root / path).exists() for path in recorded):
        with exclusive(root, console.print):
            before = upstream(run.stages)
            order = [a for a in needed(run.scorer, before) if run.stages[a].file == "dvc.yaml"]
            checkout_missing([run.stages[address] for address in order], root)
            for address in _to_make(
                order, before, [p for p in recorded if not (root / p).exists()], run, root
            ):
                console.print(f"making {', '.join(run.stages[address].outs)}", highlight=False)
                if error := run_stage(run.stages[address], root, set()):
                    raise UserError(f"{address} failed, so the run has no data: {error}")
    hashes = Hashes(root)
    for path, md5 in recorded.items():
        if (md5_here := hashes.of(path)) != md5:
            raise UserError(
                f"{path} is {md5_here or 'missing'}, but the published run was made from {md5}; see"
                f" pqrst status {run.board}, and remove {path} to have it made again"
            )
    hashes.save()


def _to_make(
    order: list[str],
    before: dict[str, list[str]],
    missing: Iterable[str],
    run: PublishedRun,
    root: Path,
) -> list[str]:
    """The stages of data in `order` that must run so that the missing paths are here."""
    outs = {address: run.stages[address].outs for address in order}
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
                if any(not (root / out).exists() for out in run.stages[m].outs)
            }
    return [address for address in order if address in wanted]


def run_in_scratch(
    run: PublishedRun, row: Row, scratch: Path, root: Path, pretrained: Path | None, runner: str
) -> list[Difference]:
    """Make a run below `scratch`, and its pretraining below `pretrained`, by the runner named;
    returns the digests of its outputs as recorded and as made here. With no folder `pretrained`,
    the recorded pretraining is copied."""
    board, cases, ready = (
        find_board(run.board, root),
        root / places.cases(run.board),
        prepare(runner),
    )
    outcome = []
    if row.pretraining:
        place = places.run(run.board, row.pretraining, "pretrain")
        if pretrained:
            if not (pretrained / place).exists():
                make_pretraining(
                    find_row(row.pretraining, root), board, cases, pretrained / place, ready
                )
            shutil.copytree(pretrained / place, scratch / place)
            recorded = run.recorded(f"{place}/model", run.maker)
            outcome.append(
                Difference("pretraining", recorded, Hashes(scratch).of(f"{place}/model"))
            )
        else:
            for part in ("model", "status"):
                bring(
                    f"{place}/{part}",
                    str(run.recorded(f"{place}/{part}", run.maker)),
                    scratch,
                    root,
                )
    make_run(row, board, run.task, cases, scratch / run.folder, ready)
    hashes = Hashes(scratch)
    for part in ("model", "predictions"):
        path = f"{run.folder}/{part}"
        outcome.append(Difference(part, run.recorded(path, run.maker), hashes.of(path)))
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
            f"{path}, on which the run was fitted, is not here; bring it: dvc pull; or make it"
            " again: --pretraining"
        )


def raise_trouble(run: PublishedRun, statuses: list[Status]) -> None:
    """Raise InfrastructureError for an ending that says nothing about the method: the harness's own
    trouble, or a machine that is too slow."""
    for status in statuses:
        published = run.documents.get(status.seed)
        if status.kind == "infrastructure":
            raise InfrastructureError(f"{run.folder}, seed {status.seed}: {status.reason}")
        if status.kind == "timeout" and published and published.status == "scored":
            raise InfrastructureError(
                f"{run.folder}, seed {status.seed}: {status.reason}; on a machine slower than that"
                " of the board give it longer: PQRST_PATIENCE=4"
            )
