"""What the controls must show before a board is believed: inequalities, checked with the board's
own intervals.

A control has a known answer. Where it does not get it, the data, a metric or the scorer is wrong,
and with it every other number of the board."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from benchmarks.contract import CLASSES, COMPLETION
from leaderboard.analysis.statistics import jackknife_macro_f1, patient_mean_interval
from leaderboard.gate.trip import Trip
from leaderboard.scoring.documents import ScoreDocument

Relation = Literal[
    "is perfect",
    "is worse than",
    "is better than",
    "is not better by more than the share",
    "is chance",
]

# nRMSE below which a row must have seen the truth: a copy of it, kept as float16, has about 0.001,
# the best estimate far more than 0.01.
LEAST_ERROR = 0.01


@dataclass(frozen=True)
class Inequality:
    """What the control `row` must show. Against the row `than`: in every completion scenario that
    both did, by its primary metric, paired by patient; `share` is a share of that row's error.
    Without `than`: by itself."""

    row: str
    relation: Relation
    than: str
    reason: str
    share: float = 0.0


INEQUALITIES = (
    Inequality("oracle", "is perfect", "", "it is the truth: all else is the scorer's own error"),
    Inequality("late-100ms", "is worse than", "oracle", "a beat 100 ms late is another beat"),
    Inequality(
        "late-100ms",
        "is not better by more than the share",
        "mean",
        "100 ms late must not be forgiven",
    ),
    Inequality("blurred", "is worse than", "oracle", "a QRS without its edges is not the QRS"),
    Inequality(
        "blurred", "is better than", "mean", "a metric must see the right shape at the right time"
    ),
    Inequality("noise", "is worse than", "mean", "a frantic line must not win over a flat one"),
    # The warp forgives pulses a little: 2 % on real records, 5 % on simulated ones. Looser warps
    # forgave 6 to 8 %.
    Inequality(
        "comb",
        "is not better by more than the share",
        "mean",
        "pulses that know nothing must not win",
        0.05,
    ),
    Inequality("prior", "is chance", "", "it sees no signal"),
    Inequality(
        "shuffled-labels",
        "is chance",
        "",
        "it learnt from labels of other beats: more than chance is a leak",
    ),
)


def failed_controls(documents: list[ScoreDocument]) -> Iterator[Trip]:
    """The controls that ended in a failure."""
    for document in documents:
        if document.family == "control" and document.status not in ("scored", "not-applicable"):
            yield Trip(
                document.name,
                f"a control that failed ({document.status}) polices nothing; pqrst repro"
                f" {document.board} --again failures",
            )


def broken(documents: list[ScoreDocument]) -> Iterator[Trip]:
    """Every inequality that does not hold among a board's score documents, and every row that is as
    good as the truth itself. An inequality with a row that has no score is passed over."""
    errors, confusions = _errors(documents), _confusions(documents)
    for rule in INEQUALITIES:
        if rule.relation == "is chance":
            if rule.row in confusions:
                yield from _chance(rule, confusions[rule.row])
            continue
        for (row, scenario), mine in errors.items():
            if row == rule.row:
                reference = errors.get((rule.than, scenario))
                if rule.relation == "is perfect" or (
                    reference is not None and len(reference) == len(mine)
                ):
                    yield from _compared(rule, scenario, mine, reference)
    if "oracle" in confusions and (value := jackknife_macro_f1(confusions["oracle"])[0]) != 1:
        yield Trip(
            "oracle/heartbeat",
            f"must be perfect: {INEQUALITIES[0].reason}; found macro-F1 {value:.6g}",
        )
    for (row, scenario), mine in errors.items():
        if row != "oracle" and mine.mean() < LEAST_ERROR:
            yield Trip(
                f"{row}/{scenario}",
                f"has error {mine.mean():.6g}, below {LEAST_ERROR:g}: that is no estimate, it "
                "has seen the truth",
            )


def _compared(
    rule: Inequality, scenario: str, mine: np.ndarray, reference: np.ndarray | None
) -> Iterator[Trip]:
    """A trip where the errors (patients,) of the control and its reference break the rule."""
    where = f"{rule.row}/{scenario}"
    if reference is None:
        if mine.any():
            yield Trip(where, f"must be perfect: {rule.reason}; found error {mine.mean():.6g}")
        return
    if rule.relation == "is not better by more than the share":
        with np.errstate(divide="ignore", invalid="ignore"):
            skill, low, high = patient_mean_interval(np.log(reference / mine))
        if not low <= -np.log(1 - rule.share):  # so the interval says that it is better by more
            shown = [f"{1 - np.exp(-number):.1%}" for number in (skill, low, high)]
            yield Trip(
                where,
                "must not be better than"
                f" {rule.than}{f' by more than {rule.share:.0%}' if rule.share else ''}:"
                f" {rule.reason}; it is better by {shown[0]} ({shown[1]} to {shown[2]})",
            )
        return
    sign = 1 if rule.relation == "is worse than" else -1
    difference, low, high = patient_mean_interval(mine - reference)
    if not (low > 0 if sign > 0 else high < 0):
        yield Trip(
            where,
            f"must be {'worse' if sign > 0 else 'better'} than {rule.than}: {rule.reason}; the"
            f" difference in error is {difference:+.4f} ({low:+.4f} to {high:+.4f})",
        )


def _chance(rule: Inequality, confusions: np.ndarray) -> Iterator[Trip]:
    """A trip where the interval of the pooled macro-F1 lies above the macro-F1 of the best constant
    answer."""
    value, low, high = jackknife_macro_f1(confusions)
    beats = confusions.sum((0, 2))
    averaged = beats[: CLASSES.index("Q")]
    constant = float(max(2 * averaged / (averaged + beats.sum())) / np.count_nonzero(averaged))
    if not low <= constant:
        yield Trip(
            f"{rule.row}/heartbeat",
            f"must be at chance: {rule.reason}; macro-F1 is {value:.4f} ({low:.4f} to {high:.4f}),"
            f" the best constant answer gets {constant:.4f}",
        )


def _errors(documents: list[ScoreDocument]) -> dict[tuple[str, str], np.ndarray]:
    """The primary metric of each test patient by (row, scenario), seeds averaged first."""
    seeds: dict[tuple[str, str], list[list[float]]] = {}
    for document in documents:
        if document.task in COMPLETION:
            for scenario, score in document.scored().items():
                seeds.setdefault((document.row, scenario), []).append(
                    score.of_test(str(score.primary))
                )
    return {
        key: np.mean(np.array(values, float), 0)
        for key, values in seeds.items()
        if len(set(map(len, values))) == 1
    }


def _confusions(documents: list[ScoreDocument]) -> dict[str, np.ndarray]:
    """The confusions (test patients, 5, 5) of each row, seeds added up."""
    seeds: dict[str, list[list[Any]]] = {}
    for document in documents:
        if document.task == "classification":
            for score in document.scored().values():
                seeds.setdefault(document.row, []).append(score.of_test("confusion"))
    shape = (-1, len(CLASSES), len(CLASSES))
    return {
        row: np.sum(np.array(matrices), 0).reshape(shape)
        for row, matrices in seeds.items()
        if len(set(map(len, matrices))) == 1
    }
