"""What the scorer knows of a board's cases, each part read once in a process."""

from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.baseline import baseline_filter
from benchmarks.cases.truth import BeatTruth, Truth, read_beat_truth, read_truth
from benchmarks.contract import Scenario
from benchmarks.scenarios import of_task, wanted
from benchmarks.settings import RATE, Board
from leaderboard.scoring.controls import distort


class BoardTruth:
    """The truth of a board whose cases lie in the folder `cases`. Arrays over completion windows
    have the order of every completion case, arrays over beats that of the classification case."""

    def __init__(self, board: Board, cases: Path):
        self.board = board
        self.cases = cases
        self._wanted: dict[str, np.ndarray] = {}
        self._distorted: dict[str, np.ndarray] = {}

    @cached_property
    def windows(self) -> Truth:
        """The true completion windows, their scales, patients and splits."""
        return read_truth(self.cases / "truth")

    @cached_property
    def filtered(self) -> np.ndarray:
        """The true windows without their baseline (windows, leads, samples), mV."""
        return baseline_filter(np.asarray(self.windows.signal), RATE)

    @cached_property
    def beats(self) -> BeatTruth:
        """The true classes of the beats, their patients and splits."""
        return read_beat_truth(self.cases / "truth")

    @property
    def leads(self) -> int:
        """How many leads the board has."""
        return self.windows.signal.shape[1]

    def scenarios(self, task: str) -> list[Scenario]:
        """The scenarios of a task, in the order of the board."""
        return of_task(task, self.leads)

    def case(self, scenario: Scenario) -> Path:
        """The folder of what a method sees of a scenario."""
        return self.cases / "predict" / scenario.task / scenario.name

    def wanted(self, scenario: Scenario) -> np.ndarray:
        """True where a completion scenario wants an estimate: bool (windows, leads, samples)."""
        if scenario.name not in self._wanted:
            self._wanted[scenario.name] = wanted(self.case(scenario), scenario)
        return self._wanted[scenario.name]

    def distorted(self, control: str) -> np.ndarray:
        """What a control makes of the true windows (windows, leads, samples), mV; raises UserError
        where there is no such control."""
        if control not in self._distorted:
            self._distorted[control] = distort(control, np.asarray(self.windows.signal))
        return self._distorted[control]
