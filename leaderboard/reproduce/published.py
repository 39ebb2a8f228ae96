"""The published cell: where it is, what its lock records, and whether the project still holds what
it was made from."""

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
class Published:
    """A published cell: its documents (as text too) and what they cost by seed, and the stages that
    made and scored it, with what the locks say of them. A control from the truth has no stage of
    its own but that of its scores."""

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
        """How the cell is named: BOARD/ROW/TASK."""
        return f"{self.board}/{self.row}/{self.task}"

    @property
    def key(self) -> str:
        """The comparability key, of the first seed."""
        return self.documents[min(self.documents)].provenance.key

    @property
    def folder(self) -> str:
        """Where the cell's run lies."""
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
        documents = {
            seed: parse(ScoreDocument, json.loads(text), "no score document")
            for seed, text in texts.items()
        }
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
