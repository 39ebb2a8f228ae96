"""Make published cells again in a scratch folder, from what their locks record, and compare.

The lock names the data, the sources and the parameters that made the cell. Data that is not here is
made again, and must come out as recorded; the pretraining is taken from here, or made again too.
`dvc.lock`, `runs/` and the scores stay as they are."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import contract, places
from benchmarks.contract import Status, is_classical
from benchmarks.files import write_if_changed
from benchmarks.settings import ROOT
from benchmarks.settings import board as find_board
from benchmarks.settings import row as find_row
from containers.calls.hardware import describe
from containers.runner import RUNNERS, runner_name
from leaderboard.records.reproduced import PLACE, Entry, Word, read_reproduced
from leaderboard.reproduce.making import bring_data, raise_trouble, run
from leaderboard.reproduce.published import Published, cells, changed, find
from leaderboard.reproduce.verdict import Difference, Verdict, compare_scores, judge
from leaderboard.scoring.documents import ScoreDocument, dump
from leaderboard.scoring.score import score_cell, seeds
from leaderboard.scoring.truth import BoardTruth
from pipeline.hashes import Hashes
from pipeline.repro import exclusive
from pipeline.state import read_locks, read_stages


def reproduce(
    targets: Iterable[str],
    pretraining_too: bool = False,
    only_new: bool = False,
    root: Path = ROOT,
    runner: str | None = None,
    console: Console | None = None,
) -> Iterator[Verdict]:
    """Make the cells that `targets` name again, one after the other, and compare each with the
    published one.

    They run by `runner` (`docker` or `host`), else by PQRST_RUNNER, else by the runner that the
    board used; `pretraining_too` makes their pretrainings again as well, each once; `only_new`
    leaves out the cells of which `reproduced.json` has a verdict already. Raises UserError where
    what a cell is made from can't be had, and InfrastructureError for the harness's own trouble:
    neither says anything about the cell."""
    records = read_stages(root), read_locks(root)
    named = dict.fromkeys(cell for target in targets for cell in cells(target, root))
    found = [find(each, root, records) for each in named]
    if only_new:
        known = {target: entry.key for target, entry in read_reproduced(root).items()}
        found = [cell for cell in found if known.get(cell.target) != cell.key]
    truths: dict[str, BoardTruth] = {}
    with tempfile.TemporaryDirectory(prefix="pqrst-pretrained-") as folder:
        pretrained = Path(folder) if pretraining_too else None
        for cell in found:
            truth = truths.setdefault(
                cell.board,
                BoardTruth(find_board(cell.board, root), root / places.cases(cell.board)),
            )
            yield make_again(cell, truth, pretrained, root, runner, console or Console())


def make_again(
    cell: Published,
    truth: BoardTruth,
    pretrained: Path | None,
    root: Path,
    runner: str | None,
    console: Console,
) -> Verdict:
    """Make one cell again. Pretrainings are made again in the folder `pretrained`, unless an
    earlier cell has left them there; where it is None, those that are here are taken."""
    bring_data(cell, root, console)
    reasons = changed(cell, root)
    row = find_row(cell.row, root) if cell.maker else None
    used = next(iter(cell.costs.values()), {}).get("runner")
    asked = runner or os.environ.get("PQRST_RUNNER") or (used if used in RUNNERS else None)
    chosen = runner_name(asked) if row else "none"
    parts: list[Difference] = []
    statuses: list[Status] = []
    hashes = Hashes(root)
    with tempfile.TemporaryDirectory(prefix="pqrst-reproduce-") as folder:
        scratch = Path(folder)
        if row:
            console.print(f"making {cell.target} again by the runner {chosen}", highlight=False)
            parts = run(cell, row, scratch, root, pretrained, chosen)
            paths = sorted((scratch / cell.folder).glob("status/*.json"))
            statuses = [contract.load(Status, path) for path in paths]
            raise_trouble(cell, statuses)
        where = {"root": root, "runs": scratch, "truth": truth, "hashes": hashes}
        documents = {
            seed: score_cell(cell.board, cell.row, cell.task, seed, **where).document
            for seed in seeds(cell.board, cell.row, root)
        }
    hashes.save()
    learned = row is not None and not is_classical(row.card.family)
    word, reasons, outcome = compare(cell, documents, parts, reasons, learned)
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


def compare(
    cell: Published,
    documents: dict[int, ScoreDocument],
    parts: list[Difference],
    reasons: list[str],
    learned: bool,
) -> tuple[Word, list[str], list[Difference]]:
    """The verdict's word, its reasons and all that was compared, from the documents that were made
    here (by seed) and the `parts` of the run, whose bytes were compared already. `reasons` are
    those for which no outcome could be the published cell's."""
    same = all(each.published == each.here for each in parts if each.what == "predictions")
    if documents.keys() != cell.texts.keys():
        found = f"seeds {sorted(cell.texts)} are published, {sorted(documents)} were made here"
        reasons = [*reasons, found]
    outcome = [*parts]
    for seed in sorted(documents.keys() & cell.texts.keys()):
        outcome += compare_scores(cell.documents[seed], documents[seed], learned, same)
    texts = {seed: dump(document.plain()) for seed, document in documents.items()}
    word, reasons = judge(outcome, same and texts == cell.texts, reasons)
    return word, reasons, outcome


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
