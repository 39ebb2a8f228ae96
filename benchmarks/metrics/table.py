"""The table of metrics: what is known of each number of a board, said once.

The scorer, the gate, the analysis, every view and the page's scripts read it. A metric that is not
in the table is on no board, and the table has none that neither the scorer writes nor the
literature quotes."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from benchmarks.contract import CLASSES, Scenario
from benchmarks.scenarios import FIXED

HORIZON_S = 0.5  # each half second of a forecast has an error of its own
# A whole beat may be hidden in every lead: its time is unknowable.
WARPED = {"gap", "patches", "future"}


class Tolerance(NamedTuple):
    """How far a metric may be from the published one on other hardware: a share of it, or
    (`absolute`) in its unit."""

    classical: float
    learned: float
    absolute: bool = False

    def allows(self, published: float, here: float, learned: bool) -> bool:
        """Whether a value made here is as close to the published one as rows of its kind come.

        >>> ERROR.allows(0.5, 0.5004, learned=False), ERROR.allows(0.5, 0.52, learned=True)
        (True, False)
        """
        most = self.learned if learned else self.classical
        return abs(here - published) <= most * (1 if self.absolute else abs(published))


# Classical rows: other processors and libraries add floats in another order, which shows in the
# last digits; a class or an R peak that was decided by those may flip. Learned rows: over thousands
# of steps such digits lead to other weights, as another seed does, so what is allowed is about the
# spread over seeds.
ERROR = Tolerance(1e-3, 0.02)
SHARE = Tolerance(1e-3, 0.02, absolute=True)


@dataclass(frozen=True)
class Metric:
    """One metric. `best` and `worst` are its range and say which direction is better."""

    name: str
    label: str  # at the head of a column
    best: float
    worst: float
    task: Literal["completion", "classification"]
    title: str = ""  # in full, where there is room; else the label
    mark: str = ""  # where a column is too narrow for the label
    unit: str = ""
    digits: int = 3  # behind the point
    # How a figure and its interval come from the test patients: "t", the mean of a value per
    # patient; "jackknife", from the sum of the patients' confusions, with an approximate interval;
    # "", from all beats together, without an interval.
    interval: Literal["t", "jackknife", ""] = "t"
    # A difference to another row that would change nobody's choice, in the unit in which rows are
    # compared (leaderboard/analysis/comparisons.py); None: no scenario is ranked by it.
    margin: float | None = None
    # None: it is shown and decides nothing. One beat of a rare class moves its F1 by more, and the
    # correlation and the spectrum of a flat line are those of its last digits.
    tolerance: Tolerance | None = None
    column: bool = False  # has a column beside that of the metric that ranks
    label_of: str = ""  # the class of heartbeats that it counts
    horizon_s: float | None = None  # the end of the half second that it judges
    quoted: bool = False  # not written by the scorer: only the literature quotes it

    @property
    def better(self) -> Literal["higher", "lower"]:
        """The direction in which a value is better."""
        return "higher" if self.best > self.worst else "lower"

    @property
    def sign(self) -> int:
        """1 where a greater value is better, else −1."""
        return 1 if self.best > self.worst else -1

    @property
    def approximate(self) -> bool:
        """Whether its interval covers less than it claims."""
        return self.interval == "jackknife"

    @property
    def difference_unit(self) -> str:
        """In what a row is compared with another: skill, the logarithm of the ratio of their
        errors, or the metric itself."""
        return "skill" if self.better == "lower" else self.label

    def best_of(self, values: Iterable[float]) -> float | None:
        """The best of some values; None of none."""
        return max(values, key=lambda value: self.sign * value, default=None)


def _error(name: str, label: str, **others) -> Metric:
    return Metric(name, label, 0, math.inf, "completion", **others)


def _beats(name: str, label: str, best: float = 1, worst: float = 0, **others) -> Metric:
    return Metric(name, label, best, worst, "classification", **{"interval": "", **others})


def horizon_name(seconds: float) -> str:
    """The name of the nRMSE of the half second that ends `seconds` after a forecast begins.

    >>> horizon_name(1.5)
    'nrmse_1.5s'
    """
    return f"nrmse_{seconds:.1f}s"


def _by_class(name: str, label: str, columns: str = "") -> list[Metric]:
    return [
        _beats(f"{name}_{each}", f"{label} {each}", label_of=each, column=each in columns)
        for each in CLASSES
    ]


def _by_horizon() -> list[Metric]:
    longest = max(each.seconds or 0 for each in FIXED if each.hides == "future")
    ends = [HORIZON_S * k for k in range(1, round(longest / HORIZON_S) + 1)]
    return [
        _error(
            horizon_name(end),
            f"nRMSE {end:.1f} s",
            title=f"nRMSE, the {HORIZON_S} s up to {end:.1f} s",
            horizon_s=end,
        )
        for end in ends
    ]


# Of an error, five per cent (half a decibel); of a macro-F1, what the second decimal, as papers
# print it, does not tell apart.
NRMSE = _error("nrmse", "nRMSE", margin=0.05, tolerance=ERROR)
WARPED_NRMSE = _error("warped_nrmse", "warped nRMSE", mark="*", margin=0.05, tolerance=ERROR)
MACRO_F1 = _beats("macro_f1", "macro-F1", interval="jackknife", margin=0.02, tolerance=SHARE)

METRICS = {
    metric.name: metric
    for metric in (
        NRMSE,
        WARPED_NRMSE,
        Metric("pearson", "r", 1, -1, "completion", title="Pearson r"),
        _error("log_spectral_distance", "log-spectral distance", unit="dB"),
        Metric("rpeak_f1", "R-peak F1", 1, 0, "completion", tolerance=Tolerance(0.01, 0.03, True)),
        *_by_horizon(),
        MACRO_F1,
        *_by_class("f1", "F1", columns="NSVF"),
        _beats(
            "macro_f1_argmax",
            "F1 at argmax",
            title="macro-F1 at argmax",
            tolerance=SHARE,
            column=True,
        ),
        _beats(
            "macro_average_precision",
            "macro AP",
            title="macro average precision",
            tolerance=SHARE,
            column=True,
        ),
        _beats("macro_auroc", "macro AUROC", tolerance=SHARE, column=True),
        _beats("accuracy", "accuracy", tolerance=SHARE, column=True),
        _beats(
            "kappa",
            "κ",
            worst=-1,
            title="Cohen’s κ",
            tolerance=Tolerance(1e-3, 0.03, True),
            column=True,
        ),
        _beats(
            "calibration_error",
            "ECE",
            best=0,
            worst=1,
            title="expected calibration error",
            column=True,
        ),
        _beats("binary_f1", "binary F1", title="F1 normal/abnormal"),
        *_by_class("sensitivity", "Se"),
        *_by_class("positive_predictivity", "+P"),
        _beats("mean_sensitivity", "mean Se", quoted=True),
        _beats("j_kappa", "jκ", worst=-0.5, quoted=True),
    )
}


def primary_metric(scenario: Scenario) -> str:
    """The name of the metric that ranks `scenario` on the board."""
    if scenario.hides == "labels":
        return MACRO_F1.name
    return (WARPED_NRMSE if scenario.hides in WARPED else NRMSE).name


def columns_beside(task: str) -> list[Metric]:
    """The metrics that a task's table shows beside those that rank."""
    return [metric for metric in METRICS.values() if metric.column and metric.task == task]
