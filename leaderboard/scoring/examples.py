"""Examples of a row's answers for people to look at: one window of a test patient for each
scenario, and ten seconds around one beat of each class. They are the same windows for every row of
a board.

The questions, with their truth, are kept once, by the row `oracle`; every other row keeps its
answers. Of a signal every second sample is kept, in units of 10 µV: what a picture can show."""

from typing import Any

import numpy as np

from benchmarks.contract import CLASSES, RecordSet, Scenario, WindowSet, load
from benchmarks.metrics.heartbeats import AVERAGED
from benchmarks.scenarios import HEARTBEAT
from benchmarks.seeds import generator
from benchmarks.settings import SAMPLES
from leaderboard.scoring.documents import Document
from leaderboard.scoring.truth import BoardTruth

EVERY = 2  # samples
UNIT_MV = 0.01
QUESTIONS = "oracle"  # the row that keeps them

Drawn = list[list[int | None]]  # lead by lead, in UNIT_MV


def window_question(truth: BoardTruth, scenario: Scenario) -> Document:
    """The window that a completion scenario is shown by: its patient, its leads, the truth, and
    what a method sees."""
    window = _window(truth, scenario)
    shown = np.load(truth.case(scenario) / "windows.npy", mmap_mode="r", allow_pickle=False)
    about = load(WindowSet, truth.case(scenario) / "windows.json")
    return {
        "patient": str(truth.windows.patient[window]),
        "leads": about.leads[window],
        "truth": _drawn(truth.windows.signal[window]),
        "shown": _drawn(shown[window]),
    }


def window_answer(truth: BoardTruth, scenario: Scenario, completed: np.ndarray) -> Drawn:
    """What `completed` (windows, leads, samples) in mV holds at the kept samples of the scenario's
    window that are wanted, lead by lead."""
    window = _window(truth, scenario)
    wanted = truth.wanted(scenario)[window, :, ::EVERY]
    return [
        [value for value, asked in zip(lead, lead_wanted, strict=True) if asked]
        for lead, lead_wanted in zip(_drawn(completed[window]), wanted, strict=True)
    ]


def beat_questions(truth: BoardTruth) -> list[Document]:
    """The stretches that heartbeats are shown by: patient, leads, signal, beats and their
    classes."""
    folder = truth.case(HEARTBEAT)
    records, firsts = _records(truth)
    questions = []
    for number, start, beats in _stretches(truth):
        signal = np.load(folder / f"signal_{number:03d}.npy", mmap_mode="r", allow_pickle=False)
        marks = np.load(folder / f"beats_{number:03d}.npy", allow_pickle=False)
        questions.append(
            {
                "patient": str(truth.beats.patient[beats[0]]),
                "leads": records[number].leads,
                "truth": _drawn(signal[:, start : start + SAMPLES]),
                "beats": [int(mark - start) // EVERY for mark in marks[beats - firsts[number]]],
                "labels": _letters(truth.beats.labels[beats]),
            }
        )
    return questions


def beat_answers(truth: BoardTruth, decided: np.ndarray) -> list[str]:
    """The classes decided (beats,) for the beats of each stretch, a letter each."""
    return [_letters(decided[beats]) for _, _, beats in _stretches(truth)]


def _window(truth: BoardTruth, scenario: Scenario) -> int:
    """The test window that a scenario is shown by."""
    tested = np.flatnonzero(truth.windows.split == "test")
    return int(generator("example", truth.board.seed, scenario.name).choice(tested))


def _records(truth: BoardTruth) -> tuple[list[Any], np.ndarray]:
    """The records of the classification case, and the number of each one's first beat among all."""
    records = load(RecordSet, truth.case(HEARTBEAT) / "records.json").records
    return records, np.cumsum([0, *(record.beats for record in records)])


def _stretches(truth: BoardTruth) -> list[tuple[int, int, np.ndarray]]:
    """Ten seconds around a test beat of each class that macro-F1 averages, where there is one: the
    number of the record, the first sample, and the indices of the beats inside among all beats."""
    records, firsts = _records(truth)
    stretches = []
    for label, name in enumerate(CLASSES[:AVERAGED]):
        among = np.flatnonzero((truth.beats.labels == label) & (truth.beats.split == "test"))
        if not len(among):
            continue
        beat = int(generator("example", truth.board.seed, name).choice(among))
        number = int(np.searchsorted(firsts, beat, side="right")) - 1
        marks = np.load(truth.case(HEARTBEAT) / f"beats_{number:03d}.npy", allow_pickle=False)
        middle = int(marks[beat - firsts[number]])
        start = int(np.clip(middle - SAMPLES // 2, 0, max(0, records[number].samples - SAMPLES)))
        inside = np.flatnonzero((marks >= start) & (marks < start + SAMPLES))
        stretches.append((number, start, inside + firsts[number]))
    return stretches


def _letters(labels: np.ndarray) -> str:
    return "".join(CLASSES[label] for label in labels)


def _drawn(signal: np.ndarray) -> Drawn:
    """Signal (leads, samples) in mV, NaN = hidden, as a picture shows it; hidden samples are
    None."""
    kept = np.asarray(signal, np.float64)[:, ::EVERY]
    return [
        [None if np.isnan(value) else round(value / UNIT_MV) for value in lead]
        for lead in kept.tolist()
    ]
