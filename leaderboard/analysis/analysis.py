"""The analysis of a board's scores: what may be concluded, given so many patients, seeds and
comparisons.

`analysis.json` is made from the score documents alone: per scenario each row's figure with its
interval, the paired difference to the strongest classical row with its verdict, rank sets, the
patient on whom the leader depends, and what a pretraining gained; over scenarios a matrix of wins,
ties and losses. Same documents, same bytes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.contract import CLASSES, TASKS, is_classical
from benchmarks.errors import UserError
from benchmarks.metrics.heartbeats import macro_f1
from benchmarks.metrics.table import METRICS
from benchmarks.seeds import generator
from benchmarks.settings import PROBED
from leaderboard.analysis import comparisons
from leaderboard.analysis.document import (
    Analysis,
    Coverage,
    Difference,
    Figure,
    Gain,
    Influence,
    Matrix,
    ScenarioAnalysis,
)
from leaderboard.analysis.statistics import COVERAGE, Estimate, estimate, interval, pseudo_values
from leaderboard.scoring.documents import Document, rounded

# Rows that a pretraining must beat; the second's encoder is frozen.
FROM_NOTHING = ("transformer", "untrained")
# In units of the record's scale. A smaller error is no smaller to anyone; its logarithm must not
# decide a mean.
SMALLEST_ERROR = 1e-3


@dataclass(frozen=True)
class Scores:
    """A row's primary metric in a scenario on the test patients, its seeds averaged."""

    row: str
    value: float
    per_seed: np.ndarray  # (seeds,)
    per_patient: np.ndarray  # (patients,) the metric in each patient alone
    # (patients,) the values of which `value` is the mean, or the jackknife's pseudo-values.
    pseudo: np.ndarray
    bounds: tuple[float, float]
    compared: np.ndarray  # (patients,) see leaderboard/analysis/comparisons.py
    validation: float  # the metric on the validation patients
    confusions: np.ndarray | None = None  # (seeds, patients, 5, 5)


def analyse(
    board: str,
    seed: int,
    rows: Sequence[str],
    documents: Sequence[Document],
    pretrained: Collection[str] = (),
    probes: Collection[str] = (),
) -> Analysis:
    """`analysis.json` of a board from its score documents and its seed.

    `rows` in the order of the board; `pretrained` are those with a pretraining of their own,
    `probes` those that keep another row's encoder frozen and do one task alone. A row stands in a
    scenario where every seed of its run was scored: a run of which a seed failed is left out, for
    its other seeds are no fair sample. Raises UserError where two rows were scored on different
    patients."""
    families = {document["row"]: document["family"] for document in documents}
    scored = _scored_runs(rows, documents)
    scenarios: dict[str, ScenarioAnalysis] = {}
    contenders = [row for row in rows if families.get(row, "control") != "control"]
    results = np.zeros((3, len(contenders), len(contenders)), int)
    for task in TASKS:
        of_task = {row: seeds for (row, of), seeds in scored.items() if of == task}
        for name in dict.fromkeys(
            name for seeds in of_task.values() for d in seeds for name in d["scenarios"]
        ):
            rng = generator("analysis", seed, name)
            table, metric, patients = _read(board, name, of_task)
            if not table:
                continue
            better, fields = _scenario(table, metric, families, patients, rng)
            gains = _gains(
                table, metric, (pretrained, probes), generator("pretraining", seed, name)
            )
            scenarios[name] = ScenarioAnalysis.model_validate(
                {"task": task, **fields, "pretraining": gains}
            )
            at = [contenders.index(row) for row in scenarios[name].ranks_of]
            tie = ~(better | better.T | np.eye(len(at), dtype=bool))
            for kind, pairs in enumerate((better, tie, better.T)):
                results[kind][np.ix_(at, at)] += pairs
    complete = {}
    for row in rows:
        asked = [PROBED] if row in probes else TASKS
        complete[row] = f"{sum((row, task) in scored for task in asked)}/{len(asked)}"
    wins, ties, losses = results.tolist()
    return Analysis(
        board=board,
        rows=list(rows),
        families={row: families[row] for row in rows if row in families},
        scenarios=scenarios,
        matrix=Matrix(rows=contenders, wins=wins, ties=ties, losses=losses),
        complete=complete,
        coverage=Coverage(**COVERAGE),
    )


def _scored_runs(
    rows: Sequence[str], documents: Sequence[Document]
) -> dict[tuple[str, str], list[Document]]:
    """The documents of each run (row, task) of which every seed was scored, in the order of
    `rows`."""
    runs: dict[tuple[str, str], list[Document]] = {
        (row, task): [] for row in rows for task in TASKS
    }
    for document in documents:
        runs[document["row"], document["task"]].append(document)
    return {
        run: seeds
        for run, seeds in runs.items()
        if seeds and all(document["status"] == "scored" for document in seeds)
    }


def _read(
    board: str, name: str, of_task: dict[str, list[Document]]
) -> tuple[list[Scores], str, list[str]]:
    """Each row that does a scenario, the metric that ranks it, and its test patients."""
    table: list[Scores] = []
    metric, people = "", None
    for row, documents in of_task.items():
        scored = [document["scenarios"].get(name, {}) for document in documents]
        if any(score.get("status") != "scored" for score in scored):
            continue
        metric = metric or scored[0]["primary"]
        for score in scored:
            if metric != score["primary"]:
                raise UserError(
                    f"{board}/{row}/{name}: ranked by {score['primary']}, expected {metric} as in"
                    " the rows before it; score it again"
                )
            its = list(zip(score["patients"]["patient"], score["patients"]["split"], strict=True))
            people = people or its
            if its != people:
                raise UserError(
                    f"{board}/{row}/{name}: scored on the patients {its}, expected {people} as in"
                    " the rows before it; score it again"
                )
        splits = np.array([split for _, split in people or []])
        of = _pooled if METRICS[metric].approximate else _errors
        scores = of(
            row,
            [score["patients"] for score in scored],
            metric,
            splits == "test",
            splits == "validation",
        )
        if np.isfinite(scores.value):
            table.append(scores)
    return table, metric, [patient for patient, split in people or [] if split == "test"]


def _errors(
    row: str, tables: list[Document], metric: str, test: np.ndarray, validation: np.ndarray
) -> Scores:
    values = np.array([table[metric] for table in tables], np.float64)
    mean = values.mean(0)
    tested = estimate(mean[test])
    compared = -np.log(np.maximum(mean[test], SMALLEST_ERROR))
    per_seed = np.array([estimate(errors[test]).value for errors in values])
    validated = estimate(mean[validation]).value
    return Scores(
        row, tested.value, per_seed, mean[test], mean[test], interval(tested), compared, validated
    )


def _pooled(
    row: str, tables: list[Document], metric: str, test: np.ndarray, validation: np.ndarray
) -> Scores:
    size = len(CLASSES)
    counts = np.array([table["confusion"] for table in tables]).reshape(len(tables), -1, size, size)
    mine = counts[:, test]
    value, pseudo = pseudo_values(mine)
    low, high = interval(estimate(pseudo, value))
    bounds = max(low, 0.0), min(high, 1.0)
    on_validation = float(macro_f1(counts[:, validation].sum(1)).mean())
    per_patient = macro_f1(mine).mean(0)
    return Scores(
        row, value, macro_f1(mine.sum(1)), per_patient, pseudo, bounds, pseudo, on_validation, mine
    )


def _scenario(
    table: list[Scores],
    metric: str,
    families: dict[str, str],
    patients: list[str],
    rng: np.random.Generator,
) -> tuple[np.ndarray, Document]:
    """Which ranked row is better than which (ranked, ranked), and the fields of a
    `ScenarioAnalysis` but for its task and pretraining."""
    about = METRICS[metric]
    sign, margin = about.sign, about.margin or 0.0
    ranked = [scores for scores in table if families[scores.row] != "control"]
    classical = [s for s in ranked if is_classical(families[s.row]) and np.isfinite(s.validation)]
    reference = max(classical, key=lambda s: sign * s.validation, default=None)
    differences, detectable = _differences(ranked, reference, margin, rng)
    better = np.zeros((0, 0), bool)
    leader = influence = None
    if ranked:
        values = np.array([s.value for s in ranked])
        better = comparisons.better_pairs(
            np.stack([s.compared for s in ranked]), rng, values if about.approximate else None
        )
        leader = ranked[int(np.argmax(sign * values))].row
        changed = comparisons.leader_change(
            sign * values, sign * np.stack([s.pseudo for s in ranked])
        )
        influence = (
            Influence(patient=patients[changed[0]], leader=ranked[changed[1]].row)
            if changed
            else None
        )
    ranks = dict(zip([s.row for s in ranked], comparisons.rank_sets(better).tolist(), strict=True))
    return better, {
        "metric": metric,
        "better": about.better,
        "patients": patients,
        "reference": reference.row if reference else None,
        "margin": margin,
        "mde": detectable,
        "leader": leader,
        "influence": influence,
        "ranks_of": [scores.row for scores in ranked],
        "rows": {
            scores.row: _figure(scores, ranks.get(scores.row), differences.get(scores.row))
            for scores in table
        },
    }


def _gains(
    table: list[Scores],
    metric: str,
    learnt: tuple[Collection[str], Collection[str]],
    rng: np.random.Generator,
) -> list[Gain]:
    """What pretraining gained: the pretrained row that is best on the validation patients, against
    each row without pretraining; then the probe that is best there, against the probe of a random
    encoder."""
    sign, margin = METRICS[metric].sign, METRICS[metric].margin or 0.0
    rows = {scores.row: scores for scores in table}
    gains = []
    for names, bases in zip(learnt, (FROM_NOTHING, FROM_NOTHING[1:]), strict=True):
        mine = [rows[name] for name in names if name in rows and np.isfinite(rows[name].validation)]
        without = [rows[base] for base in bases if base in rows]
        if mine and without:
            best = max(mine, key=lambda scores: sign * scores.validation)
            against = {
                base.row: _differences([best], base, margin, rng)[0][best.row] for base in without
            }
            gains.append(Gain(row=best.row, against=against))
    return gains


def _figure(scores: Scores, rank: list[int] | None, difference: Difference | None) -> Figure:
    defined = scores.per_patient[np.isfinite(scores.per_patient)]
    seeds = len(scores.per_seed)
    return Figure(
        value=rounded(scores.value),
        low=rounded(scores.bounds[0]),
        high=rounded(scores.bounds[1]),
        per_patient=[rounded(value) for value in scores.per_patient],
        patient_sd=rounded(float(defined.std(ddof=1))) if defined.size > 1 else None,
        seed_sd=rounded(float(scores.per_seed.std(ddof=1))) if seeds > 1 else None,
        seeds=seeds,
        rank=rank,
        difference=difference,
    )


def _differences(
    ranked: list[Scores], reference: Scores | None, margin: float, rng: np.random.Generator
) -> tuple[dict[str, Difference], float | None]:
    """Each ranked row against the reference, Holm over all of them, and the smallest detectable
    difference."""
    others = [scores for scores in ranked if scores is not reference]
    if reference is None or not others:
        return {}, None
    if reference.confusions is None:
        differences = [estimate(scores.compared - reference.compared) for scores in others]
        p = [
            comparisons.sign_flip_p(scores.compared - reference.compared, rng) for scores in others
        ]
    else:
        differences = [
            estimate(s.compared - reference.compared, s.value - reference.value) for s in others
        ]
        swaps = comparisons.draw_swaps(len(reference.compared), rng)
        p = [
            comparisons.swap_p(s.confusions, reference.confusions, swaps)
            for s in others
            if s.confusions is not None
        ]
    shown = {
        scores.row: _shown(difference, each, adjusted, margin)
        for scores, difference, each, adjusted in zip(
            others, differences, p, comparisons.holm(p), strict=True
        )
    }
    detectable = comparisons.smallest_detectable(
        [each.error for each in differences], len(reference.compared)
    )
    return shown, rounded(detectable)


def _shown(estimated: Estimate, p: float, adjusted: float, margin: float) -> Difference:
    low, high = interval(estimated)
    return Difference(
        value=rounded(estimated.value),
        low=rounded(low),
        high=rounded(high),
        p=rounded(p),
        p_holm=rounded(adjusted),
        verdict=comparisons.verdict(estimated, adjusted, margin),
    )
