"""What a method can see holds nothing of what it must not see."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases import records as whole
from benchmarks.cases.build import build
from benchmarks.cases.truth import read_truth
from benchmarks.contract import TASKS, Budget
from benchmarks.datasets import Record
from benchmarks.errors import UserError
from benchmarks.scenarios import of_task, scenarios, wanted
from benchmarks.settings import RATE, Board, settings
from containers.calls.runs import fit_inputs

BOARD = Board(
    dataset="toy",
    seed=7,
    windows_per_record=2,
    seeds=1,
    budget=Budget(steps=1, windows=1),
)
SPLITS = {"train": ["a"], "validation": ["b"], "test": ["c", "d"]}


def records(change=lambda name, signal, labels: None) -> list[Record]:
    found = []
    for k, name in enumerate("abcd"):
        rng = np.random.default_rng(k)
        signal = np.cumsum(rng.normal(size=(2, 6000)), axis=1).astype(np.float32) * 0.05
        beats = np.arange(100, 5900, 200)
        labels = rng.integers(0, 5, beats.size).astype(np.uint8)
        change(name, signal, labels)
        found.append(Record(name, f"person {name}", ("MLII", "V1"), signal, RATE, beats, labels))
    return found


def make(folder: Path, change=lambda name, signal, labels: None) -> Path:
    noise = np.random.default_rng(9).normal(size=(3, 2, 20_000)).astype(np.float32)
    whole.prepare(records(change), noise, folder / "records")
    build(BOARD, folder / "records", SPLITS, folder / "board")
    return folder / "board"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.fixture(scope="module")
def board(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("board"))


@pytest.mark.parametrize(
    "scenario", [s for s in scenarios(2) if s.hides != "noise"], ids=lambda s: s.name
)
def test_perturbing_hidden_samples_changes_no_byte_of_the_case(board, tmp_path, scenario):
    """So nothing beside the visible samples can tell of the hidden ones: not the mask, an order, a
    name or a size."""
    place = f"predict/{scenario.task}/{scenario.name}"
    truth = read_truth(board / "truth")
    mask = wanted(board / place, scenario)
    starts = [0, 3500]

    def perturb(name, signal, labels):
        for k in np.flatnonzero(truth.patient == f"person {name}"):
            first = starts[k % 2]
            hidden = signal[:, first : first + 2500]
            hidden[mask[k]] = np.random.default_rng(k).normal(5, 3, mask[k].sum())

    other = make(tmp_path, perturb)
    assert (read_truth(other / "truth").signal != truth.signal).any()
    assert contents(other / place) == contents(board / place)


def test_perturbing_the_labels_of_validation_and_test_changes_no_byte_that_predict_sees(
    board, tmp_path
):
    def perturb(name, signal, labels):
        if name in "bcd":
            labels[:] = (labels + 1) % 5

    other = make(tmp_path, perturb)
    assert contents(other / "predict") == contents(board / "predict")
    assert contents(other / "fit/records/train") == contents(board / "fit/records/train")
    assert contents(other / "truth") != contents(board / "truth")


def test_perturbing_a_test_record_changes_no_byte_that_fit_sees(board, tmp_path):
    def perturb(name, signal, labels):
        if name in "cd":
            signal += 1
            labels[:] = 0

    assert contents(make(tmp_path, perturb) / "fit") == contents(board / "fit")


@pytest.mark.parametrize("scenario", scenarios(2), ids=lambda s: s.name)
def test_no_mount_of_any_call_of_a_completion_task_holds_a_hidden_sample_of_a_test_patient(
    board, scenario
):
    truth = read_truth(board / "truth")
    case = board / "predict" / scenario.task / scenario.name
    mounted = [
        p for source in (case, *fit_inputs(board, scenario.task).values()) for p in _files(source)
    ]
    seen = b"".join(p.read_bytes() for p in mounted)
    mask = wanted(case, scenario)
    stretch = 1 if scenario.hides == "points" else 8
    for window in np.flatnonzero(truth.split == "test"):
        lead = int(mask[window].any(axis=1).argmax())
        for first in np.flatnonzero(mask[window, lead])[::97][:-1]:
            samples = truth.signal[window, lead, first : first + stretch]
            if mask[window, lead, first : first + stretch].all():
                assert samples.tobytes() not in seen
    visible = truth.signal[-1, 0][~mask[-1, 0]][:1]
    # The search does find what is there.
    assert scenario.hides == "noise" or visible.tobytes() in seen


def _files(source: Path) -> list[Path]:
    return [source] if source.is_file() else [p for p in source.rglob("*") if p.is_file()]


def test_a_case_says_neither_patient_nor_split_nor_seed(board):
    for path in (board / "predict").rglob("*.json"):
        text = path.read_text()
        about = json.loads(text)
        assert "person" not in text
        assert "test" not in text
        assert "validation" not in text
        assert str(BOARD.seed) not in [str(value) for value in about.values()]
        assert about.get("patients") is None
        assert all(record["patient"] is None for record in about.get("records", []))


def test_the_masks_of_two_scenarios_are_not_those_of_each_other(board):
    _, *gaps = of_task("interpolation", 2)
    first, second = (
        wanted(board / f"predict/interpolation/{gap.name}", gap).argmax(axis=-1) for gap in gaps
    )
    assert (first != second).any()


def test_a_classification_case_has_no_labels(board):
    names = {path.name for path in (board / "predict/classification/heartbeat").iterdir()}
    assert names == {
        "records.json",
        *(f"{kind}_{k:03d}.npy" for kind in ("signal", "beats") for k in range(3)),
    }


def test_a_person_in_two_splits_is_refused(tmp_path):
    noise = np.zeros((3, 2, 9000), np.float32)
    twice = [r._replace(patient="one man") if r.name in "ac" else r for r in records()]
    whole.prepare(twice, noise, tmp_path / "records")
    with pytest.raises(UserError, match="patient 'one man' stands in both 'train' and 'test'"):
        build(BOARD, tmp_path / "records", SPLITS, tmp_path / "board")


def test_a_split_that_names_an_unknown_record_is_refused(tmp_path):
    whole.prepare(records(), np.zeros((3, 2, 9000), np.float32), tmp_path / "records")
    with pytest.raises(UserError, match="names record 'zz'"):
        build(BOARD, tmp_path / "records", SPLITS | {"test": ["zz"]}, tmp_path / "board")


def test_every_task_is_asked_of_every_board(board):
    for task in TASKS:
        assert {path.name for path in (board / "predict" / task).iterdir()} == {
            s.name for s in of_task(task, 2)
        }
    assert set(settings().boards) == {"synthetic", "mitdb"}


def test_resampling_keeps_aliases_out():
    t = np.arange(5000) / 500
    tone = np.sin(2 * np.pi * 200 * t)
    kept = whole.resample(tone, 500, 250)[100:-100]
    assert 20 * np.log10(kept.std() / tone.std()) < -40


def test_resampling_keeps_time_and_amplitude():
    t = np.arange(3600) / 360
    resampled = whole.resample(np.sin(2 * np.pi * 5 * t) + 2, 360)
    np.testing.assert_allclose(
        resampled[250:-250],
        (np.sin(2 * np.pi * 5 * np.arange(2500) / 250) + 2)[250:-250],
        atol=2e-3,
    )
