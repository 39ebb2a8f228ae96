"""Make a run: a row's `fit` and `predict` calls for one task, all seeds and scenarios.

    runs/BOARD/ROW/TASK/predictions/seed-N/SCENARIO.npy   wanted samples, float16; or probabilities
    runs/BOARD/ROW/TASK/model/seed-N/                     what `fit` wrote
    runs/BOARD/ROW/TASK/status/seed-N.json                how it went and what it cost

A method that fails leaves a status that says how; the harness's own trouble is an `infrastructure`
status."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import contract, places
from benchmarks.contract import CallRecord, RecordSet, Scenario, Status, Verb, write_model
from benchmarks.errors import UserError
from benchmarks.files import replacing
from benchmarks.scenarios import of_task, wanted
from benchmarks.seeds import generator
from benchmarks.settings import Board, Row
from benchmarks.text import printable
from containers.calls import collect, energy, host
from containers.calls.call import Invocation, Refused, Runner, patience
from containers.calls.hardware import describe

# `host.runner` or `docker.runner`, called with the row and the board's cases.
Prepare = Callable[[Row, Path], Runner]


class CallFailed(Exception):
    """A call that failed and so ended its cell, with the kind of failure and the end of its log."""

    def __init__(self, kind: contract.FailureKind, reason: str, log: str = ""):
        super().__init__(reason)
        self.kind: contract.FailureKind = kind
        self.log = log


@dataclass
class Cell:
    """One seed of a run while it is made: how to call the method, and the calls made so far."""

    row: Row
    board: Board
    task: str | None
    number: int
    runner: Runner
    calls: list[CallRecord]

    def call(
        self, verb: Verb, inputs: dict[str, Path], output: Path, scenario: str | None = None
    ) -> None:
        """Make one call; raises CallFailed unless it ended well."""
        output.mkdir(parents=True, exist_ok=True)
        random = generator(
            "cell", self.board.seed, self.row.name, self.task or "pretrain", self.number
        )
        call = contract.Call(
            verb=verb,
            task=self.task,  # type: ignore[arg-type]
            params=self.row.params,
            seed=int(random.integers(2**31)),
            budget=self.board.budget,
        )
        where, card = f"{verb} {scenario or self.task or ''}".strip(), self.row.card
        try:
            begin = energy.read()
            limits = card.limits.model_copy(update={"minutes": card.limits.minutes * patience()})
            outcome = self.runner.run(
                Invocation(self.row.folder, card.entry, call, inputs, output, limits)
            )
        except OSError as error:
            raise CallFailed("infrastructure", f"{where}: {error}") from error
        self.calls.append(
            CallRecord(
                verb=verb,
                scenario=scenario,
                exit_code=outcome.exit_code,
                wall_s=outcome.wall_s,
                cpu_s=outcome.cpu_s,
                peak_memory_mb=outcome.peak_memory_mb,
                energy_j=energy.since(begin),
                command=outcome.command,
            )
        )
        if outcome.kind != "ok":
            raise CallFailed(outcome.kind, f"{where}: {outcome.reason}", outcome.log)


def make_pretraining(
    row: Row, board: Board, cases: Path, out: Path, prepare: Prepare = host.runner
) -> None:
    """Pretrain each seed of `row` on unlabelled windows: `out/model/seed-N`,
    `out/status/seed-N.json`."""
    inputs = {
        "data/train": cases / "fit/windows/train",
        "data/validation": cases / "fit/windows/validation",
        "data/noise.npy": cases / "fit/noise.npy",
    }

    def work(cell: Cell, part: Path) -> None:
        cell.call("pretrain", inputs, part / "model" / places.seed(cell.number))

    _make_seeds(row, board, None, cases, out, ("model", "status"), work, prepare)


def make_run(
    row: Row, board: Board, task: str, cases: Path, out: Path, prepare: Prepare = host.runner
) -> None:
    """Make a run: every seed, by the runner that `prepare` gives. Replaces `out/predictions`,
    `out/model` and `out/status` when all seeds have ended."""
    if task not in row.tasks:
        raise UserError(f"row {row.name!r} does not do {task!r}; its tasks: {', '.join(row.tasks)}")
    leads = len(
        contract.load(contract.WindowSet, cases / "fit/windows/train/windows.json").leads[0]
    )
    chosen = [scenario for scenario in of_task(task, leads) if row.answers(scenario)]
    pretrained = out.parent.parent / str(row.pretraining) / "pretrain"

    def work(cell: Cell, part: Path) -> None:
        name = places.seed(cell.number)
        model = {}
        if "fit" in row.card.verbs:
            extra = {}
            if row.pretraining:
                _require_pretrained(pretrained / "status" / f"{name}.json")
                extra = {"pretrained": pretrained / "model" / name}
            cell.call("fit", {**fit_inputs(cases, task), **extra}, part / "model" / name)
            model = {"model": part / "model" / name}
        for scenario in chosen:
            case = cases / "predict" / task / scenario.name
            written = part / "out" / scenario.name
            cell.call("predict", {"case": case, **model}, written, scenario.name)
            _keep(written, case, scenario, part / "predictions" / name / f"{scenario.name}.npy")
            shutil.rmtree(written)

    _make_seeds(row, board, task, cases, out, ("predictions", "model", "status"), work, prepare)


def fit_inputs(cases: Path, task: str) -> dict[str, Path]:
    """What `fit TASK` sees, by its place below the method's root."""
    kind = "records" if task == "classification" else "windows"
    inputs = {f"data/{split}": cases / "fit" / kind / split for split in ("train", "validation")}
    if task != "classification":
        inputs["data/scenarios.json"] = cases / "fit/scenarios" / f"{task}.json"
    if task == "reconstruction":
        inputs["data/noise.npy"] = cases / "fit/noise.npy"
    return inputs


def _keep(written: Path, case: Path, scenario: Scenario, target: Path) -> None:
    """Check what a predict call wrote and keep the wanted part of it."""
    try:
        if scenario.task == "classification":
            records = contract.load(RecordSet, case / "records.json").records
            kept = collect.read_probabilities(
                written, sum(r.beats for r in records), len(contract.CLASSES)
            )
        else:
            kept = collect.read_prediction(written, wanted(case, scenario))
    except collect.InvalidOutput as error:
        raise CallFailed("invalid-output", f"predict {scenario.name}: {error}") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    np.save(target, kept, allow_pickle=False)


def _require_pretrained(status: Path) -> None:
    pretraining = contract.load(Status, status)
    if pretraining.kind != "ok":
        raise CallFailed(
            pretraining.kind, f"its pretraining failed: {pretraining.reason}", pretraining.log_tail
        )


def _prepared(prepare: Prepare, row: Row, cases: Path) -> Runner:
    try:
        return prepare(row, cases)
    except Refused as error:
        raise CallFailed("refused", str(error)) from error
    except OSError as error:
        raise CallFailed("infrastructure", str(error)) from error


def _make_seeds(
    row: Row,
    board: Board,
    task: str | None,
    cases: Path,
    out: Path,
    parts: tuple[str, ...],
    work,
    prepare: Prepare,
) -> None:
    """Run `work` for each seed in a folder that then takes the place of `out`: its `parts`, and in
    `status` how each seed went."""
    with replacing(out) as part:
        for name in parts:
            (part / name).mkdir()
        for number in row.seeds(board):
            runner, calls = None, []
            kind, reason, log = "ok", "", ""
            parameters = steps = None
            try:
                runner = _prepared(prepare, row, cases)
                work(Cell(row, board, task, number, runner, calls), part)
                parameters, steps = collect.read_learnt(part / "model" / places.seed(number))
            except CallFailed as failure:
                kind, reason, log = failure.kind, str(failure), failure.log
                for name in set(parts) - {"status"}:
                    shutil.rmtree(part / name / places.seed(number), ignore_errors=True)
            status = Status(
                kind=kind,  # type: ignore[arg-type]
                reason=printable(reason),
                seed=number,
                runner=runner.name if runner else "none",
                hardware=describe(),
                image=runner.about if runner else {},
                parameters=parameters,
                steps=steps,
                calls=calls,
                log_tail="\n".join(printable(log).splitlines()[-20:]),
            )
            write_model(part / "status" / f"{places.seed(number)}.json", status)
        shutil.rmtree(part / "out", ignore_errors=True)  # of a call that failed
