"""`params.yaml` and the methods on disk: which boards there are, and which rows stand on
them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from benchmarks import contract
from benchmarks.contract import TASKS, Budget, MethodCard, Model, Scenario, Task
from benchmarks.errors import UserError, hint

ROOT = Path(__file__).resolve().parent.parent
RATE = 250.0  # Hz, of every board
WINDOW_S = 10.0
SAMPLES = round(RATE * WINDOW_S)
PROBED = "classification"  # the task by which a pretraining is probed


class Board(Model):
    """A board of params.yaml.

    >>> board = Board(dataset="synthetic", seed=1, windows_per_record=6)
    >>> board.seeds, board.budget.steps
    (1, 60)
    """

    dataset: str
    seed: int
    windows_per_record: Annotated[int, Field(gt=0)]
    seeds: Annotated[int, Field(gt=0)] = 1  # of methods that are not deterministic
    budget: Budget = Budget(steps=60, windows=4000)  # for a look within minutes


class Controls(Model):
    """The control rows: those that the scorer makes from the truth, and those that are methods."""

    from_truth: list[str]
    methods: list[str]


class Settings(Model):
    """`params.yaml`."""

    boards: dict[str, Board]
    controls: Controls


@dataclass(frozen=True)
class Row:
    """A method with the parameters of one variant, as it stands on a board."""

    name: str
    folder: Path
    card: MethodCard
    params: dict[str, Any]

    @property
    def pretraining(self) -> str | None:
        """The row whose pretraining this one is fitted on: itself, or another where it is a probe;
        None without."""
        return self.card.probes.get(self.name, self.name) if "pretrain" in self.card.verbs else None

    @property
    def tasks(self) -> list[Task]:
        """The tasks that the row does, in the order of the board."""
        return [
            task
            for task in TASKS
            if task in self.card.tasks and (task == PROBED or not self.is_probe)
        ]

    @property
    def is_probe(self) -> bool:
        """Whether the row classifies by another row's pretraining, frozen."""
        return self.name in self.card.probes

    def answers(self, scenario: Scenario) -> bool:
        """Whether the row answers a scenario, by its card."""
        kinds = self.card.tasks[scenario.task] if scenario.task in self.tasks else []
        return kinds == "all" or scenario.hides in kinds

    def seeds(self, board: Board) -> list[int]:
        """The seeds of the row on a board: one where it is deterministic."""
        return [0] if self.card.deterministic else list(range(board.seeds))


@cache
def settings(root: Path = ROOT) -> Settings:
    """`params.yaml`, read once; raises ContractError naming what is wrong in it."""
    return contract.load(Settings, root / "params.yaml")


def board(name: str, root: Path = ROOT) -> Board:
    """The board `name`; raises UserError naming the nearest known one."""
    boards = settings(root).boards
    if name not in boards:
        raise UserError(f"params.yaml: no board {name!r}{hint(name, boards)}")
    return boards[name]


@cache
def method_folders(root: Path = ROOT) -> tuple[Path, ...]:
    """Every folder under `methods/` that holds a `method.yaml`."""
    return tuple(sorted(path.parent for path in (root / "methods").glob("*/method.yaml")))


def read_method(folder: Path) -> list[Row]:
    """The rows of one method folder: its card with each entry of `params.json`."""
    card = contract.load(MethodCard, folder / "method.yaml")
    if card.name != folder.name:
        raise UserError(
            f"{folder / 'method.yaml'}: name is {card.name!r}, expected the folder's,"
            f" {folder.name!r}"
        )
    try:
        variants = json.loads((folder / "params.json").read_text())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{folder / 'params.json'}: expected one object per variant ({error})"
        ) from None
    if not isinstance(variants, dict) or not all(
        isinstance(params, dict) for params in variants.values()
    ):
        raise UserError(
            f"{folder / 'params.json'}: expected an object that gives each row's name its"
            " parameters"
        )
    for name, of in card.probes.items():
        if (
            name not in variants
            or of not in variants
            or of in card.probes
            or PROBED not in card.tasks
        ):
            raise UserError(
                f"{folder / 'method.yaml'}: probes: {name}: {of}: expected two rows of params.json,"
                f" the second no probe, of a method that does {PROBED}; its rows:"
                f" {', '.join(variants)}"
            )
    return [Row(name, folder, card, params) for name, params in variants.items()]


@cache
def rows(root: Path = ROOT) -> dict[str, Row]:
    """Every row of every method by name; raises UserError where two methods claim one name."""
    found: dict[str, Row] = {}
    reserved = settings(root).controls.from_truth
    for folder in method_folders(root):
        for row in read_method(folder):
            if row.name in found or row.name in reserved:
                holder = found[row.name].folder if row.name in found else "the scorer's controls"
                raise UserError(
                    f"{folder / 'params.json'}: row {row.name!r} is taken by {holder}; name it"
                    " otherwise"
                )
            found[row.name] = row
    return found


def row(name: str, root: Path = ROOT) -> Row:
    """The row `name`; raises UserError naming the nearest known one."""
    known = rows(root)
    if name not in known:
        raise UserError(f"no row {name!r} in any methods/*/params.json{hint(name, known)}")
    return known[name]


def family(name: str, root: Path = ROOT) -> str:
    """The family that the board shows: which rows are controls is the harness's to say, never the
    method's."""
    controls = settings(root).controls
    return (
        "control"
        if name in (*controls.methods, *controls.from_truth)
        else row(name, root).card.family
    )


def boards_of(card: MethodCard, root: Path = ROOT) -> list[str]:
    """The boards that a method stands on, in the order of params.yaml; raises UserError for one
    that is unknown."""
    for name in card.boards or ():
        board(name, root)
    return [name for name in settings(root).boards if card.boards is None or name in card.boards]


def board_rows(board: str, root: Path = ROOT) -> list[str]:
    """Every row of a board, controls from the truth included."""
    standing = [name for name, row in rows(root).items() if board in boards_of(row.card, root)]
    return [*settings(root).controls.from_truth, *standing]
