"""Make a published cell again in a scratch folder, from what its lock records, and compare.

The lock names the data, the sources and the parameters that made the cell. Data that is not here is
made again, and must come out as recorded; the pretraining is taken from here, or made again too.
`dvc.lock`, `runs/` and the scores stay as they are."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import contract, places
from benchmarks.contract import TASKS, Status, is_classical, parse, write_model
from benchmarks.errors import UserError
from benchmarks.files import write_if_changed
from benchmarks.settings import ROOT, Row, board_rows, settings
from benchmarks.settings import board as find_board
from benchmarks.settings import row as find_row
from containers.calls.call import InfrastructureError
from containers.calls.hardware import describe
from containers.calls.runs import make_pretraining, make_run
from containers.runner import RUNNERS, prepare, runner_name
from leaderboard.records.reproduced import PLACE, Entry, read_reproduced
from leaderboard.reproduce.verdict import Difference, Verdict, compare_scores, judge
from leaderboard.scoring.documents import ScoreDocument, dump
from leaderboard.scoring.score import score
from pipeline import cache
from pipeline.hashes import Hashes
from pipeline.repro import checkout_missing, exclusive, run_stage
from pipeline.shadow import shadow
from pipeline.sources import harness_digest, method_digest
from pipeline.state import (
    Stage,
    changed_params,
    makers,
    needed,
    read_locks,
    read_stages,
    upstream,
)

Document = dict[str, Any]
Records = tuple[dict[str, Stage], dict[str, Document]]  # stages and locks by address
APART = (places.RUNS, places.SCORES)  # of the project, in the scratch folder


@dataclass(frozen=True)
class Published:
    """A published cell: its documents (as text too) and what they cost by seed, and the stages that
    made and scored it, with what the locks say of them. A control from the truth has no stage of
    its own but that of its scores."""

    board: str
    row: str
    task: str
    texts: dict[int, str]
    documents: dict[int, Document]
    costs: dict[int, Document]
    stages: dict[str, Stage]
    locks: dict[str, Document]
    maker: str | None
    scorer: str

    @property
    def target(self) -> str:
        return f"{self.board}/{self.row}/{self.task}"

    @property
    def key(self) -> str:
        """The comparability key, of the first seed."""
        return self.documents[min(self.documents)]["provenance"]["key"]

    @property
    def folder(self) -> str:
        return places.run(self.board, self.row, self.task)

    def recorded(self, path: str, *addresses: str | None) -> str | None:
        """The md5 of a path that the first of these stages that knows it recorded."""
        for address in addresses:
            entry = self.locks.get(address or "", {})
            for each in (*entry.get("outs", []), *entry.get("deps", [])):
                if each["path"] == path:
                    return each["md5"]
        return None


def tasks_of(row: str, root: Path = ROOT) -> Sequence[str]:
    """The tasks that a row does: all of them where it is made from the truth."""
    return TASKS if row in settings(root).controls.from_truth else find_row(row, root).tasks


def find(target: str, root: Path = ROOT, records: Records | None = None) -> Published:
    """The published cell BOARD/ROW/TASK, by the project's `records` if they were read already;
    raises UserError where there is none, or none that a lock records."""
    parts = target.split("/")
    if len(parts) != 3:
        raise UserError(
            f"{target!r}: expected BOARD/ROW/TASK, such as synthetic/linear/forecasting"
        )
    board, row, task = parts
    find_board(board, root)
    from_truth, done = row in settings(root).controls.from_truth, tasks_of(row, root)
    if task not in done:
        raise UserError(f"{target}: {row} does not do {task!r}; its tasks: {', '.join(done)}")
    stages, locks = records or (read_stages(root), read_locks(root))
    made_by = makers(stages)
    scorer, maker = (
        made_by.get(places.scores(board, row)),
        made_by.get(places.run(board, row, task, "status")),
    )
    folder = root / places.scores(board, row)
    texts = {
        int(path.stem.rpartition("-")[2]): path.read_text()
        for path in sorted(folder.glob(f"{task}-*.json"))
    }
    unrecorded = [
        each
        for each in ([scorer] if from_truth else [maker, scorer])
        if each is None or each not in locks
    ]
    if unrecorded or not texts:
        raise UserError(
            f"{target}: was never published: {folder}/{task}-SEED.json and its record in a dvc.lock"
            f" were expected; make it: pqrst repro {board}"
        )
    try:
        documents = {seed: json.loads(text) for seed, text in texts.items()}
        for document in documents.values():
            parse(ScoreDocument, document, "no score document")
        spent = json.loads((folder / places.COSTS).read_text()) if maker else {}
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: {error}; bring it back: git checkout {folder}") from None
    costs = {seed: spent.get(places.cost(task, seed), {}) for seed in texts}
    return Published(board, row, task, texts, documents, costs, stages, locks, maker, str(scorer))


def cells(target: str, root: Path = ROOT) -> list[str]:
    """The cells BOARD/ROW/TASK that a BOARD, a BOARD/ROW or a cell itself names; raises UserError
    for a board or row that is not there."""
    board, *named = target.split("/")
    find_board(board, root)
    if len(named) > 1:
        return [target]
    return [
        f"{board}/{row}/{task}"
        for row in named or board_rows(board, root)
        for task in tasks_of(row, root)
    ]


def reproduce(
    targets: Iterable[str],
    from_scratch: bool = False,
    only_new: bool = False,
    root: Path = ROOT,
    runner: str | None = None,
    console: Console | None = None,
) -> Iterator[Verdict]:
    """Make the cells that `targets` name again, one after the other, and compare each with the
    published one.

    They run by `runner` (`docker` or `host`), else by PQRST_RUNNER, else by the runner that the
    board used; `from_scratch` makes their pretrainings again too, each once; `only_new` leaves out
    the cells of which `reproduced.json` has a verdict already. Raises UserError where what a cell
    is made from can't be had, and InfrastructureError for the harness's own trouble: neither says
    anything about the cell."""
    records = read_stages(root), read_locks(root)
    named = dict.fromkeys(cell for target in targets for cell in cells(target, root))
    found = [find(each, root, records) for each in named]
    if only_new:
        known = {target: entry.key for target, entry in read_reproduced(root).items()}
        found = [cell for cell in found if known.get(cell.target) != cell.key]
    with tempfile.TemporaryDirectory(prefix="pqrst-pretrained-") as folder:
        for cell in found:
            yield make_again(
                cell, Path(folder) if from_scratch else None, root, runner, console or Console()
            )


def make_again(
    cell: Published, pretrained: Path | None, root: Path, runner: str | None, console: Console
) -> Verdict:
    """Make one cell again. Pretrainings are made again in the folder `pretrained`, unless an
    earlier cell has left them there; where it is None, those that are here are taken."""
    bring_data(cell, root, console)
    reasons = changed(cell, root)
    row = find_row(cell.row, root) if cell.maker else None
    used = next(iter(cell.costs.values()), {}).get("runner")
    asked = runner or os.environ.get("PQRST_RUNNER") or (used if used in RUNNERS else None)
    chosen = runner_name(asked) if row else "none"
    with tempfile.TemporaryDirectory(prefix="pqrst-reproduce-") as folder:
        scratch = Path(folder)
        shadow(root, scratch, APART)
        outcome: list[Difference] = []
        if row:
            console.print(f"making {cell.target} again by the runner {chosen}", highlight=False)
            outcome = run(cell, row, scratch, root, pretrained, chosen)
        documents = {
            d["seed"]: d for d in score(cell.board, cell.row, scratch) if d["task"] == cell.task
        }
        statuses = [
            contract.load(Status, path)
            for path in sorted((scratch / cell.folder).glob("status/*.json"))
        ]
        trouble(cell, statuses)
        same_predictions = all(
            each.published == each.here for each in outcome if each.what == "predictions"
        )
    if documents.keys() != cell.texts.keys():
        reasons.append(
            f"seeds {sorted(cell.texts)} are published, {sorted(documents)} were made here"
        )
    learned = row is not None and not is_classical(row.card.family)
    for seed in sorted(documents.keys() & cell.texts.keys()):
        outcome += compare_scores(cell.documents[seed], documents[seed], learned, same_predictions)
    same = (
        same_predictions
        and {seed: dump(document) for seed, document in documents.items()} == cell.texts
    )
    word, reasons = judge(outcome, same, reasons)
    return Verdict(
        target=cell.target,
        word=word,
        reasons=reasons,
        environment=environment(cell, statuses),
        outcome=outcome,
        key=cell.key,
        hardware="{cpu}, {cores} cores, {memory_gb} GB".format(**describe()),
        runner=chosen,
    )


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


def changed(cell: Published, root: Path) -> list[str]:
    """For which reasons what is made here is not what the lock attributes the published cell to."""
    found = []
    if cell.maker:
        stage, lock = cell.stages[cell.maker], cell.locks[cell.maker]
        if stage.cmd != lock["cmd"]:
            found.append(f"{cell.maker}: its command is not the recorded one")
        found += [
            f"{file} is not what the cell was made with"
            for file in changed_params(stage, lock, root)
        ]
        folder = find_row(cell.row, root).folder
        made_by = lock.get("params", {}).get(f"methods/{folder.name}/source.json", {}).get("method")
        if method_digest(folder, root) != made_by:
            found.append(f"the sources of methods/{folder.name} are not those that made the cell")
    scored_by = (
        cell.locks[cell.scorer].get("params", {}).get("benchmarks/source.json", {}).get("score")
    )
    if harness_digest("score", root) != scored_by:
        found.append("the scorer is not the one that scored the cell")
    scores = places.scores(cell.board, cell.row)
    if Hashes(root).of(scores) != cell.recorded(scores, cell.scorer):
        found.append(
            f"{scores} is not what its lock records: it was edited by hand; git checkout {scores}"
        )
    return found


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
    for task in row.tasks:
        if task != cell.task:  # so that the scorer, which takes a row whole, scores this cell alone
            for seed in row.seeds(board):
                left_out = Status(
                    kind="not-applicable",
                    reason="left out",
                    seed=seed,
                    runner="none",
                    hardware={},
                    calls=[],
                )
                write_model(
                    scratch
                    / places.run(cell.board, cell.row, task, "status", f"{places.seed(seed)}.json"),
                    left_out,
                )
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
            " again: --from-scratch"
        )


def trouble(cell: Published, statuses: list[Status]) -> None:
    """Raise InfrastructureError for an ending that says nothing about the cell: our own trouble, or
    a slow machine."""
    for status in statuses:
        published = cell.documents.get(status.seed, {}).get("status")
        if status.kind == "infrastructure":
            raise InfrastructureError(f"{cell.folder}, seed {status.seed}: {status.reason}")
        if status.kind == "timeout" and published == "scored":
            raise InfrastructureError(
                f"{cell.folder}, seed {status.seed}: {status.reason}; on a machine slower than that"
                " of the board give it longer: PQRST_PATIENCE=4"
            )


def environment(cell: Published, statuses: list[Status]) -> list[Difference]:
    """Where the published cell was made, and where this one; by the first seed."""
    if not statuses:
        return []
    spent, here = cell.costs.get(statuses[0].seed, {}), statuses[0]
    pairs: dict[str, tuple[Any, Any]] = {"runner": (spent.get("runner"), here.runner)}
    for kind, (then, now) in {
        "": (spent.get("hardware", {}), here.hardware),
        "image: ": (spent.get("image", {}), here.image),
    }.items():
        pairs |= {
            f"{kind}{key}": (then.get(key), now.get(key)) for key in dict.fromkeys([*then, *now])
        }
    wall = round(sum(call.wall_s for call in here.calls), 1)
    pairs |= {
        "wall time, s": (spent.get("wall_s"), wall),
        "steps": (spent.get("steps"), here.steps),
    }
    return [Difference(name, *pair) for name, pair in pairs.items() if pair != (None, None)]


def record(verdict: Verdict, root: Path = ROOT) -> Path:
    """Write a verdict, with today's date, into `leaderboard/reproduced.json`; the board shows it
    when it is made next."""
    entry = Entry(
        verdict=verdict.word,
        date=datetime.now(UTC).date().isoformat(),
        key=verdict.key,
        hardware=verdict.hardware,
        runner=verdict.runner,
    )
    with exclusive(root):
        entries = read_reproduced(root) | {verdict.target: entry}
        plain = {target: each.model_dump() for target, each in entries.items()}
        write_if_changed(root / PLACE, json.dumps(plain, indent=1, sort_keys=True) + "\n")
    return root / PLACE
