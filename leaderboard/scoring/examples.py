"""What a row made of a few windows, for people to look at: of each scenario one window of a test
patient, and ten seconds around one beat of each class; the same for every row of a board.

The questions, with their truth, are kept once, by the row `oracle`; every other row keeps its
answers. Of a signal every second sample is kept, in units of 10 µV: what a picture can show."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import places
from benchmarks.cases.truth import BeatTruth, read_beat_truth, read_truth
from benchmarks.contract import CLASSES, TASKS, RecordSet, Scenario, WindowSet, load
from benchmarks.metrics import heartbeats as beat_metrics
from benchmarks.scenarios import of_task, wanted
from benchmarks.seeds import generator
from benchmarks.settings import SAMPLES, Board
from leaderboard.scoring.controls import distort

EVERY = 2  # samples
UNIT_MV = 0.01
QUESTIONS = "oracle"  # the row that keeps them

Document = dict[str, Any]


def examples(
    board: Board, row: str, from_truth: bool, cases: Path, runs: Path, leads: int
) -> Document:
    """The questions (of the row `oracle`), or a row's answers by its first seed, by scenario;
    `runs` holds the row's cells. A scenario that the row did not do is left out."""
    found: Document = {}
    for task in TASKS:
        for scenario in of_task(task, leads):
            kept = runs / task / "predictions" / places.seed(0) / f"{scenario.name}.npy"
            if not from_truth and not kept.exists():
                continue
            if task == "classification":
                if row == QUESTIONS:
                    found[scenario.name] = _beat_questions(board, cases)
                elif not from_truth:
                    found[scenario.name] = _decisions(
                        board, np.load(kept, allow_pickle=False), cases
                    )
            elif row == QUESTIONS:
                found[scenario.name] = _window_question(board, scenario, cases)
            else:
                found[scenario.name] = _estimate(
                    board, scenario, cases, row if from_truth else kept
                )
    return found


def _window(board: Board, scenario: Scenario, split: np.ndarray) -> int:
    """The test window that a scenario is shown by."""
    return int(
        generator("example", board.seed, scenario.name).choice(np.flatnonzero(split == "test"))
    )


def _window_question(board: Board, scenario: Scenario, cases: Path) -> Document:
    truth = read_truth(cases / "truth")
    window = _window(board, scenario, truth.split)
    folder = cases / "predict" / scenario.task / scenario.name
    shown = np.load(folder / "windows.npy", mmap_mode="r", allow_pickle=False)[window]
    about = load(WindowSet, folder / "windows.json")
    return {
        "patient": str(truth.patient[window]),
        "leads": about.leads[window],
        "truth": _drawn(truth.signal[window]),
        "shown": _drawn(shown),
    }


def _estimate(
    board: Board, scenario: Scenario, cases: Path, by: str | Path
) -> list[list[int | None]]:
    """What was estimated of the scenario's window, lead by lead, at the kept samples that are
    wanted, by a control's name or from the file of a cell's wanted samples."""
    truth = read_truth(cases / "truth")
    window = _window(board, scenario, truth.split)
    mask = wanted(cases / "predict" / scenario.task / scenario.name, scenario)
    if isinstance(by, str):
        estimate = distort(by, np.asarray(truth.signal[window : window + 1]))[0]
    else:
        first = int(mask[:window].sum())
        estimate = np.zeros(mask.shape[1:])
        values = np.load(by, mmap_mode="r", allow_pickle=False)
        estimate[mask[window]] = values[first : first + int(mask[window].sum())]
    return [
        [value for value, asked in zip(lead, lead_asked[::EVERY], strict=True) if asked]
        for lead, lead_asked in zip(_drawn(estimate), mask[window], strict=True)
    ]


def _stretches(board: Board, truth: BeatTruth, cases: Path) -> list[tuple[int, int, np.ndarray]]:
    """Of each averaged class that the test patients have: a record, the first sample of ten seconds
    of it around a beat of the class, and the numbers of the beats in them among all beats."""
    folder = cases / "predict/classification/heartbeat"
    records = load(RecordSet, folder / "records.json").records
    firsts = np.cumsum([0, *(record.beats for record in records)])
    found = []
    for label, name in enumerate(CLASSES[: beat_metrics.AVERAGED]):
        among = np.flatnonzero((truth.labels == label) & (truth.split == "test"))
        if not len(among):
            continue
        beat = int(generator("example", board.seed, name).choice(among))
        number = int(np.searchsorted(firsts, beat, side="right")) - 1
        marks = np.load(folder / f"beats_{number:03d}.npy", allow_pickle=False)
        middle = int(marks[beat - firsts[number]])
        start = int(np.clip(middle - SAMPLES // 2, 0, max(0, records[number].samples - SAMPLES)))
        inside = np.flatnonzero((marks >= start) & (marks < start + SAMPLES))
        found.append((number, start, inside + firsts[number]))
    return found


def _beat_questions(board: Board, cases: Path) -> list[Document]:
    truth = read_beat_truth(cases / "truth")
    folder = cases / "predict/classification/heartbeat"
    records = load(RecordSet, folder / "records.json").records
    firsts = np.cumsum([0, *(record.beats for record in records)])
    found = []
    for number, start, beats in _stretches(board, truth, cases):
        signal = np.load(folder / f"signal_{number:03d}.npy", mmap_mode="r", allow_pickle=False)
        marks = np.load(folder / f"beats_{number:03d}.npy", allow_pickle=False)[
            beats - firsts[number]
        ]
        found.append(
            {
                "patient": str(truth.patient[beats[0]]),
                "leads": records[number].leads,
                "truth": _drawn(signal[:, start : start + SAMPLES]),
                "beats": [int(mark - start) // EVERY for mark in marks],
                "labels": _letters(truth.labels[beats]),
            }
        )
    return found


def _decisions(board: Board, probabilities: np.ndarray, cases: Path) -> list[str]:
    """The classes decided for the beats of each stretch, a letter each."""
    truth = read_beat_truth(cases / "truth")
    decided = beat_metrics.decisions(probabilities, truth)[0]
    return [_letters(decided[beats]) for _, _, beats in _stretches(board, truth, cases)]


def _letters(labels: np.ndarray) -> str:
    return "".join(CLASSES[label] for label in labels)


def _drawn(signal: np.ndarray) -> list[list[int | None]]:
    """Signal (leads, samples) in mV, NaN = hidden, as a picture shows it; hidden samples are
    None."""
    kept = np.asarray(signal, np.float64)[:, ::EVERY]
    return [
        [None if np.isnan(value) else round(value / UNIT_MV) for value in lead]
        for lead in kept.tolist()
    ]
