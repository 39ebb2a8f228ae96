"""A cell: one call per scenario, every seed, and a status that says how it went."""

import dataclasses

import numpy as np
import pytest

from benchmarks import contract
from benchmarks.contract import Status
from benchmarks.errors import UserError
from benchmarks.settings import row
from containers.calls.call import InfrastructureError, Invocation, Outcome, Refused, Runner
from containers.calls.runs import Prepare, make_run
from tests.helpers.toy_board import BOARD


def status(out, seed: int = 0) -> Status:
    return contract.load(Status, out / f"status/seed-{seed}.json")


def test_a_row_that_draws_runs_once_per_seed(toy, tmp_path):
    make_run(
        row("noise"), BOARD.model_copy(update={"seeds": 2}), "forecasting", toy, tmp_path / "out"
    )
    first, second = (
        np.load(tmp_path / f"out/predictions/seed-{k}/forecast-20.npy") for k in (0, 1)
    )
    assert first.shape == second.shape and (first != second).any()
    assert [status(tmp_path / "out", k).seed for k in (0, 1)] == [0, 1]


def test_a_deterministic_row_runs_once(toy, tmp_path):
    make_run(
        row("mean"), BOARD.model_copy(update={"seeds": 3}), "forecasting", toy, tmp_path / "out"
    )
    assert [path.name for path in (tmp_path / "out/predictions").iterdir()] == ["seed-0"]
    calls = status(tmp_path / "out").calls
    assert [call.scenario for call in calls] == ["forecast-20", "forecast-50"]
    assert all("main.py predict forecasting" in call.command and call.wall_s > 0 for call in calls)


def watcher() -> tuple[list[Invocation], Prepare]:
    """The calls that were made, and the runner that keeps them there instead of running them."""
    seen: list[Invocation] = []

    def watch(invocation: Invocation) -> Outcome:
        seen.append(invocation)
        return Outcome("crashed", "enough", 1, 0, 0, 0, "", "")

    return seen, lambda *_: Runner("watch", watch)


def test_a_call_sees_one_case_its_model_and_no_seed_of_the_masks(toy, tmp_path):
    seen, prepare = watcher()
    for task in ("reconstruction", "classification"):
        make_run(row("resnet1d"), BOARD, task, toy, tmp_path / task, prepare)
    reconstruction, classification = ({k: v.name for k, v in call.inputs.items()} for call in seen)
    places = {"data/train": "train", "data/validation": "validation"}
    assert reconstruction == places | {
        "data/scenarios.json": "reconstruction.json",
        "data/noise.npy": "noise.npy",
    }
    assert classification == places
    assert (
        BOARD.seed not in [call.call.seed for call in seen]
        and len({call.call.seed for call in seen}) == 2
    )
    seen.clear()
    make_run(row("mean"), BOARD, "reconstruction", toy, tmp_path / "mean", prepare)
    assert [list(call.inputs) for call in seen] == [["case"]]
    assert seen[0].inputs["case"] == toy / "predict/reconstruction/patches-40"


def test_a_slow_machine_may_take_longer(toy, tmp_path, monkeypatch):
    seen, prepare = watcher()
    monkeypatch.delenv("PQRST_PATIENCE", raising=False)
    make_run(row("mean"), BOARD, "forecasting", toy, tmp_path / "unset", prepare)
    for patience in ("4", "0", "four"):
        monkeypatch.setenv("PQRST_PATIENCE", patience)
        make_run(row("mean"), BOARD, "forecasting", toy, tmp_path / patience, prepare)
    assert [call.limits.minutes / row("mean").card.limits.minutes for call in seen] == [1, 4]
    for patience in ("0", "four"):
        found = status(tmp_path / patience)
        assert (
            found.kind == "infrastructure"
            and f"PQRST_PATIENCE is '{patience}', expected" in found.reason
        )


def test_a_failed_cell_keeps_nothing_but_its_reason(toy, tmp_path):
    broken = dataclasses.replace(row("mean"), folder=tmp_path)
    (tmp_path / "main.py").write_text("print('before')\nraise KeyError('beat')")
    make_run(broken, BOARD, "interpolation", toy, tmp_path / "out")
    found = status(tmp_path / "out")
    assert (found.kind, found.reason) == (
        "crashed",
        "predict points-75: exit status 1: KeyError: 'beat'",
    )
    assert "before" in found.log_tail and "Traceback" in found.log_tail
    assert not list((tmp_path / "out/predictions").rglob("*.npy"))


def test_the_harness_own_trouble_is_infrastructure(toy, tmp_path):
    card = row("mean").card.model_copy(update={"entry": ["no-such-program"]})
    make_run(
        dataclasses.replace(row("mean"), card=card), BOARD, "forecasting", toy, tmp_path / "out"
    )
    found = status(tmp_path / "out")
    assert found.kind == "infrastructure" and "no-such-program" in found.reason


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refused("its image carries labels"), "refused"),
        (InfrastructureError("no engine"), "infrastructure"),
    ],
)
def test_a_runner_that_can_not_be_readied_is_a_reason(toy, tmp_path, error, kind):
    def prepare(row, cases):
        raise error

    make_run(row("mean"), BOARD, "forecasting", toy, tmp_path / "out", prepare)
    found = status(tmp_path / "out")
    assert (found.kind, found.reason, found.calls) == (kind, str(error), [])


def test_a_task_that_a_row_does_not_do_is_refused(toy, tmp_path):
    with pytest.raises(
        UserError, match=r"row 'linear' does not do 'forcasting'; its tasks: interpolation, "
    ):
        make_run(row("linear"), BOARD, "forcasting", toy, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_second_run_replaces_the_first(toy, tmp_path):
    for name in ("noise", "mean"):
        make_run(row(name), BOARD, "forecasting", toy, tmp_path / "out")
    values = np.load(tmp_path / "out/predictions/seed-0/forecast-50.npy")
    make_run(row("mean"), BOARD, "forecasting", toy, tmp_path / "fresh")
    np.testing.assert_array_equal(
        values, np.load(tmp_path / "fresh/predictions/seed-0/forecast-50.npy")
    )
    assert {path.name for path in tmp_path.iterdir()} == {"out", "fresh"}
