"""The rules that public systems break, X-1 to X-14, each over every row that they concern.

X-5, X-6 and X-12 (gradients, checkpoints, early stopping) are tested beside each learned method;
X-9 and X-10 beside the resampler and the data sets."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import contract
from benchmarks.cases.truth import read_beat_truth, read_truth
from benchmarks.contract import Status
from benchmarks.scenarios import of_task, wanted
from benchmarks.settings import RATE, ROOT, row, rows
from containers.calls.runs import fit_inputs, make_pretraining, make_run
from leaderboard.scoring.score import score_windows
from tests.conftest import SAMPLE
from tests.helpers import inline_runner as inline
from tests.helpers.toy_board import BOARD

CONSTANT = {"mean", "prior"}  # rows that are meant to say one thing


@pytest.mark.parametrize("name", sorted(rows())[::SAMPLE])
def test_every_row_answers_every_scenario_of_its_tasks_and_gives_the_same_bytes_again(
    toy, tmp_path, name
):
    """Every item of every scenario is answered (X-7), a flat lead gives finite output (X-11),
    nothing is printed by a forward pass (X-14), no answer is constant, and the task of fewest
    scenarios gives the same bytes again (X-13)."""
    found = row(name)
    scenarios = {task: [s for s in of_task(task, 2) if found.answers(s)] for task in found.tasks}
    if found.pretraining:
        make_pretraining(
            row(found.pretraining),
            BOARD,
            toy,
            tmp_path / found.pretraining / "pretrain",
            inline.runner,
        )
    cell = tmp_path / name
    for task, answered in scenarios.items():
        make_run(found, BOARD, task, toy, cell / task, inline.runner)
        status = contract.load(Status, cell / task / "status/seed-0.json")
        assert status.kind == "ok", f"{task}: {status.reason}\n{status.log_tail}"
        assert answered
        for scenario in answered:
            values = np.load(cell / task / f"predictions/seed-0/{scenario.name}.npy")
            if task == "classification":
                assert values.shape == (read_beat_truth(toy / "truth").labels.size, 5)
            else:
                assert values.size == wanted(toy / "predict" / task / scenario.name, scenario).sum()
            assert np.isfinite(values).all()
            assert name in CONSTANT or values.std(axis=0).max() > 0, f"{scenario.name} is constant"
    task = min(scenarios, key=lambda each: len(scenarios[each]))
    first = made(cell / task)
    make_run(found, BOARD, task, toy, cell / task, inline.runner)
    assert first
    assert made(cell / task) == first


def made(cell: Path) -> dict[str, bytes]:
    """The bytes of a cell's predictions and models."""
    files = [
        path
        for part in ("predictions", "model")
        for path in (cell / part).rglob("*")
        if path.is_file()
    ]
    return {str(path.relative_to(cell)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", sorted(n for n, r in rows().items() if "fit" in r.card.verbs))
def test_fitting_reads_no_evaluation_record(toy, name):
    """What is mounted for a fit holds no stretch of a test patient's signal (X-4)."""
    truth = read_truth(toy / "truth")
    stretch = truth.signal[truth.split == "test"][0, 0, 1000:1016].tobytes()
    for task in row(name).tasks:
        for source in fit_inputs(toy, task).values():
            for path in [source] if source.is_file() else source.iterdir():
                assert stretch not in path.read_bytes()
    assert any(stretch in p.read_bytes() for p in (toy / "truth").iterdir())


@pytest.mark.parametrize(
    "scenario", of_task("interpolation", 2) + of_task("forecasting", 2), ids=lambda s: s.name
)
def test_perfect_visible_samples_change_no_score(toy, scenario):
    """The error is that of the hidden samples alone (X-1), over every window of the split (X-7)."""
    from benchmarks.baseline import baseline_filter

    truth = read_truth(toy / "truth")
    mask = wanted(toy / "predict" / scenario.task / scenario.name, scenario)
    signal = np.array(truth.signal)
    completed = np.where(mask, 0, signal)
    scored = score_windows(completed, mask, scenario, truth, baseline_filter(signal, RATE))
    filtered, guess = baseline_filter(signal, RATE), baseline_filter(completed, RATE)
    error = ((filtered - guess) / truth.scale[..., None]) ** 2
    by_hand = np.sqrt([e[m].mean() for e, m in zip(error, mask, strict=True)])
    ours = [
        value
        for value, count in zip(
            scored["patients"]["nrmse"], scored["patients"]["windows"], strict=True
        )
    ]
    expected = [
        by_hand[truth.patient == patient].mean() for patient in scored["patients"]["patient"]
    ]
    np.testing.assert_allclose(ours, expected, rtol=1e-5)
    assert sum(scored["patients"]["windows"]) == len(truth.signal), "every window is scored"


def test_cases_do_not_depend_on_the_hash_seed(tmp_path):
    """Splits and masks are the same whatever order a set has (X-3)."""
    program = """
import sys
from pathlib import Path

import numpy as np

from benchmarks.cases import records as windows
from benchmarks.cases.build import build
from tests.helpers.toy_board import BOARD, SPLITS, toy_records

out = Path(sys.argv[1])
noise = np.ones((3, 2, 9000)) * np.arange(9000)
windows.prepare(toy_records(), noise, out / "w")
build(BOARD, out / "w", SPLITS, out / "b")
"""
    made = []
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / seed)],
            cwd=ROOT,
            env=environment,
            check=True,
        )
        made.append(
            {
                str(p.relative_to(tmp_path / seed)): p.read_bytes()
                for p in (tmp_path / seed).rglob("*.*")
            }
        )
    assert made[0]
    assert made[0] == made[1]


def test_methods_import_nothing_of_ours_but_the_kit():
    from pqrst.author import check_sources

    assert {
        name: check_sources(found) for name, found in rows().items() if check_sources(found)
    } == {}
