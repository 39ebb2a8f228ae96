"""Make published runs again in a scratch folder, from what their locks record, and compare each
with its published scores, seed by seed.

The lock names the data, the sources and the parameters that made the run. Data that is not here is
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
from leaderboard.reproduce.making import bring_data, raise_trouble, run_in_scratch
from leaderboard.reproduce.published import PublishedRun, changed, find, runs_of
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
    """Make the runs that `targets` name again, one after the other, and compare each with the
    published one.

    They run by `runner` (`docker` or `host`), else by PQRST_RUNNER, else by the runner that the
    board used; `pretraining_too` makes their pretrainings again as well, each once; `only_new`
    leaves out the runs of which `reproduced.json` has a verdict already. Raises UserError where
    what a run is made from can't be had, and InfrastructureError for the harness's own trouble:
    neither says anything about the run."""
    records = read_stages(root), read_locks(root)
    named = dict.fromkeys(run for target in targets for run in runs_of(target, root))
    runs = [find(target, root, records) for target in named]
    if only_new:
        verdicts = {target: entry.key for target, entry in read_reproduced(root).items()}
        runs = [run for run in runs if verdicts.get(run.target) != run.key]
    truths: dict[str, BoardTruth] = {}
    with tempfile.TemporaryDirectory(prefix="pqrst-pretrained-") as folder:
        pretrained = Path(folder) if pretraining_too else None
        for run in runs:
            truth = truths.setdefault(
                run.board,
                BoardTruth(find_board(run.board, root), root / places.cases(run.board)),
            )
            yield make_again(run, truth, pretrained, root, runner, console or Console())


def make_again(
    run: PublishedRun,
    truth: BoardTruth,
    pretrained: Path | None,
    root: Path,
    runner: str | None,
    console: Console,
) -> Verdict:
    """Make one run again. Pretrainings are made again in the folder `pretrained`, unless an
    earlier run has left them there; where it is None, those that are here are taken."""
    bring_data(run, root, console)
    reasons = changed(run, root)
    row = find_row(run.row, root) if run.maker else None
    used = next(iter(run.costs.values()), {}).get("runner")
    asked = runner or os.environ.get("PQRST_RUNNER") or (used if used in RUNNERS else None)
    chosen = runner_name(asked) if row else "none"
    parts: list[Difference] = []
    statuses: list[Status] = []
    hashes = Hashes(root)
    with tempfile.TemporaryDirectory(prefix="pqrst-reproduce-") as folder:
        scratch = Path(folder)
        if row:
            console.print(f"making {run.target} again by the runner {chosen}", highlight=False)
            parts = run_in_scratch(run, row, scratch, root, pretrained, chosen)
            paths = sorted((scratch / run.folder).glob("status/*.json"))
            statuses = [contract.load(Status, path) for path in paths]
            raise_trouble(run, statuses)
        where = {"root": root, "runs": scratch, "truth": truth, "hashes": hashes}
        documents = {
            seed: score_cell(run.board, run.row, run.task, seed, **where).document
            for seed in seeds(run.board, run.row, root)
        }
    hashes.save()
    learned = row is not None and not is_classical(row.card.family)
    word, reasons, outcome = compare(run, documents, parts, reasons, learned)
    return Verdict(
        target=run.target,
        word=word,
        reasons=reasons,
        environment=environment(run, statuses),
        outcome=outcome,
        key=run.key,
        hardware="{cpu}, {cores} cores, {memory_gb} GB".format(**describe()),
        runner=chosen,
    )


def compare(
    run: PublishedRun,
    documents: dict[int, ScoreDocument],
    parts: list[Difference],
    reasons: list[str],
    learned: bool,
) -> tuple[Word, list[str], list[Difference]]:
    """The verdict's word, its reasons and all that was compared. `documents` are those made here,
    by seed; `parts` are the outputs of the run with their digests; `reasons` (`changed`) say why
    the run was not made from what the published one was, so that the verdict is `drifted`."""
    same = all(part.published == part.here for part in parts if part.what == "predictions")
    if documents.keys() != run.texts.keys():
        reason = f"seeds {sorted(run.texts)} are published, {sorted(documents)} were made here"
        reasons = [*reasons, reason]
    outcome = [*parts]
    for seed in sorted(documents.keys() & run.texts.keys()):
        outcome += compare_scores(run.documents[seed], documents[seed], learned, same)
    texts = {seed: dump(document.plain()) for seed, document in documents.items()}
    word, reasons = judge(outcome, same and texts == run.texts, reasons)
    return word, reasons, outcome


def environment(run: PublishedRun, statuses: list[Status]) -> list[Difference]:
    """Machine, image and cost of the published run beside those of the run made here, by the first
    seed."""
    if not statuses:
        return []
    spent, here = run.costs.get(statuses[0].seed, {}), statuses[0]
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
