"""A published run: where its scores are, what its lock records, and whether the project still holds
what it was made from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import places
from benchmarks.contract import TASKS, parse
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, board_rows, settings
from benchmarks.settings import board as find_board
from benchmarks.settings import row as find_row
from leaderboard.scoring.documents import Document, ScoreDocument
from pipeline.hashes import Hashes
from pipeline.sources import harness_digest, method_digest
from pipeline.state import Stage, changed_params, makers, read_locks, read_stages

Records = tuple[dict[str, Stage], dict[str, Document]]  # stages and locks by address


@dataclass(frozen=True)
class PublishedRun:
    """A published run: a score document, its text and its cost for each seed; the stages that made
    and scored the run; and the records of all stages in the locks. A control from the truth has no
    stage that makes it (`maker`), only one that scores it."""

    board: str
    row: str
    task: str
    texts: dict[int, str]
    documents: dict[int, ScoreDocument]
    costs: dict[int, Document]
    stages: dict[str, Stage]
    locks: dict[str, Document]
    maker: str | None
    scorer: str

    @property
    def target(self) -> str:
        """How the run is named: BOARD/ROW/TASK."""
        return f"{self.board}/{self.row}/{self.task}"

    @property
    def key(self) -> str:
        """The comparability key, of the first seed."""
        return self.documents[min(self.documents)].provenance.key

    @property
    def folder(self) -> str:
        """Where the run's run lies."""
        return places.run(self.board, self.row, self.task)

    def recorded(self, path: str, *addresses: str | None) -> str | None:
        """The md5 of a path by the records of these stages; the first stage that has the path
        counts."""
        for address in addresses:
            entry = self.locks.get(address or "", {})
            for file in (*entry.get("outs", []), *entry.get("deps", [])):
                if file["path"] == path:
                    return file["md5"]
        return None


def tasks_of(row: str, root: Path = ROOT) -> Sequence[str]:
    """The tasks that a row does; a control from the truth does all."""
    return TASKS if row in settings(root).controls.from_truth else find_row(row, root).tasks


def find(target: str, root: Path = ROOT, records: Records | None = None) -> PublishedRun:
    """The published run BOARD/ROW/TASK. `records` are the stages and locks of the project, if they
    were read already. Raises UserError where no such run was published, or no lock records it."""
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
        address
        for address in ([scorer] if from_truth else [maker, scorer])
        if address is None or address not in locks
    ]
    if unrecorded or not texts:
        raise UserError(
            f"{target}: was never published: {folder}/{task}-SEED.json and its record in a dvc.lock"
            f" were expected; make it: pqrst repro {board}"
        )
    try:
        documents = {
            seed: parse(ScoreDocument, json.loads(text), "no score document")
            for seed, text in texts.items()
        }
        spent = json.loads((folder / places.COSTS).read_text()) if maker else {}
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: {error}; bring it back: git checkout {folder}") from None
    costs = {seed: spent.get(places.cost(task, seed), {}) for seed in texts}
    return PublishedRun(
        board, row, task, texts, documents, costs, stages, locks, maker, str(scorer)
    )


def runs_of(target: str, root: Path = ROOT) -> list[str]:
    """The runs BOARD/ROW/TASK that `target` names: all of a BOARD, those of a BOARD/ROW, or itself.
    Raises UserError for a board or row that is not there."""
    board, *named = target.split("/")
    find_board(board, root)
    if len(named) > 1:
        return [target]
    return [
        f"{board}/{row}/{task}"
        for row in named or board_rows(board, root)
        for task in tasks_of(row, root)
    ]


def changed(run: PublishedRun, root: Path) -> list[str]:
    """The reasons why a run that is made here is not made from what the lock of the published run
    records: another command, parameter or source, or edited scores."""
    reasons = []
    if run.maker:
        stage, lock = run.stages[run.maker], run.locks[run.maker]
        if stage.cmd != lock["cmd"]:
            reasons.append(f"{run.maker}: its command is not the recorded one")
        reasons += [
            f"{file} is not what the run was made with"
            for file in changed_params(stage, lock, root)
        ]
        folder = find_row(run.row, root).folder
        made_by = lock.get("params", {}).get(f"methods/{folder.name}/source.json", {}).get("method")
        if method_digest(folder, root) != made_by:
            reasons.append(f"the sources of methods/{folder.name} are not those that made the run")
    scored_by = (
        run.locks[run.scorer].get("params", {}).get("benchmarks/source.json", {}).get("score")
    )
    if harness_digest("score", root) != scored_by:
        reasons.append("the scorer is not the one that scored the run")
    scores = places.scores(run.board, run.row)
    if Hashes(root).of(scores) != run.recorded(scores, run.scorer):
        reasons.append(
            f"{scores} is not what its lock records: it was edited by hand; git checkout {scores}"
        )
    return reasons
