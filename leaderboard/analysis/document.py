"""The form of `analysis.json`: what a board's scores say together."""

from typing import Literal

from benchmarks.contract import Model, Task

Verdict = Literal["better", "worse", "equivalent", "undecided"]


class Difference(Model):
    """A row less another, paired by patient and positive where the row is better: skill, or a
    difference of a pooled metric. `p_holm` is adjusted for the rows of the scenario."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    verdict: Verdict


class Figure(Model):
    """A row's metric in a scenario, its seeds averaged: over the test patients with an interval,
    and in each of them. `rank` (first, last) and `difference` (to the reference) are None where the
    row is not ranked or not compared."""

    value: float | None
    low: float | None
    high: float | None
    per_patient: list[float | None]
    patient_sd: float | None
    seed_sd: float | None
    seeds: int
    rank: list[int] | None
    difference: Difference | None


class Influence(Model):
    """The patient without whom another row would lead, and that row."""

    patient: str
    leader: str


class Gain(Model):
    """What pretraining gained: a pretrained row against each row that had none."""

    row: str
    against: dict[str, Difference]


class ScenarioAnalysis(Model):
    """One scenario: `metric` ranks it, `reference` is the strongest classical row, `margin` the
    difference that would change nobody's choice, `mde` the smallest that the patients show."""

    task: Task
    metric: str
    better: Literal["higher", "lower"]
    patients: list[str]
    reference: str | None
    margin: float
    mde: float | None
    leader: str | None
    influence: Influence | None
    ranks_of: list[str]
    rows: dict[str, Figure]
    pretraining: list[Gain]


class Matrix(Model):
    """Over all scenarios how often the row of a line won, tied and lost against that of a
    column."""

    rows: list[str]
    wins: list[list[int]]
    ties: list[list[int]]
    losses: list[list[int]]


class Coverage(Model):
    """How often intervals that claim 95 % held the truth in simulation: of a mean over patients, of
    a pooled metric, of paired differences; and the share of scenarios with a false claim."""

    mean: float
    pooled: float
    paired: float
    family_wise: float


class Analysis(Model):
    """`analysis.json`. `complete` says of each row how many of its tasks are scored: `3/4`."""

    board: str
    rows: list[str]
    families: dict[str, str]
    scenarios: dict[str, ScenarioAnalysis]
    matrix: Matrix
    complete: dict[str, str]
    coverage: Coverage

    def of_task(self, task: str) -> dict[str, ScenarioAnalysis]:
        """The scenarios of a task, by name."""
        return {name: each for name, each in self.scenarios.items() if each.task == task}
