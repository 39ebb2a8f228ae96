"""Made-up boards to draw pages of: score documents, windows and an analysis as the real ones are,
of any size."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import scenarios
from benchmarks.contract import CLASSES, TASKS, Scenario
from benchmarks.metrics.heartbeats import macro_f1
from benchmarks.metrics.table import primary_metric
from benchmarks.scenarios import of_task
from benchmarks.settings import RATE, ROOT, SAMPLES
from leaderboard.scoring.examples import EVERY

BOARD = "synthetic"
LEADS = ("MLII", "V1")
KEPT = SAMPLES // EVERY
ROWS = {
    "oracle": "control",
    "mean": "control",
    "linear": "classical completion",
    "wiener": "classical completion",
    "rr-features": "classical classification",
    "resnet1d": "supervised",
    "mae-patch": "masked",
}
BETTER = {"value": 0.1, "low": 0.04, "high": 0.16, "verdict": "better"}
LEARNED = ("supervised", "masked", "predictive", "contrastive", "generative")

Document = dict[str, Any]


def many(count: int) -> dict[str, str]:
    """`count` rows: those above, and learned ones of every family."""
    return ROWS | {f"learned-{k:02d}": LEARNED[k % len(LEARNED)] for k in range(count - len(ROWS))}


def write(
    root: Path, rows: dict[str, str] | None = None, patients: int = 6, analysed: bool = True
) -> Path:
    """Write a board's documents below `root`, and return `root`."""
    rows = ROWS if rows is None else rows
    root.mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").symlink_to(ROOT / "params.yaml")
    (root / "methods").symlink_to(ROOT / "methods")
    rng = np.random.default_rng(7)
    people = [f"p{k:02d}" for k in range(patients + 2)]
    documents = [
        document(row, family, task, people, rng) for row, family in rows.items() for task in TASKS
    ]
    for each in documents:
        put(root, each["row"], f"{each['task']}-0", each)
    for row, family in rows.items():
        put(root, row, "examples", examples(row, rng))
        if family != "control":
            put(root, row, "costs", {f"{task}/seed-0": costs(rng) for task in TASKS})
        if family in LEARNED:
            stages = ["pretrain"] * (family != "supervised") + list(TASKS)
            kept = root / "leaderboard/curves" / BOARD / f"{row}.json"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps({stage: {"0": training(rng)} for stage in stages}))
    if analysed:
        out = root / "leaderboard/boards" / BOARD / "analysis.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(analysis(documents, rows, rng)))
    return root


def put(root: Path, row: str, name: str, value: Document) -> Path:
    """Write one file of a row."""
    path = root / "leaderboard/scores" / BOARD / row / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def change(root: Path, row: str, name: str, **changes: Any) -> None:
    """Change keys of one file of a row."""
    path = root / "leaderboard/scores" / BOARD / row / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def document(
    row: str, family: str, task: str, people: Sequence[str], rng: np.random.Generator
) -> Document:
    """A score document, or one that says that the row does not do the task."""
    about = {
        "board": BOARD,
        "row": row,
        "family": family,
        "task": task,
        "seed": 0,
        "contract_version": 1,
    }
    digests = {"predict": "0" * 32 + ".dir", "truth": "1" * 32 + ".dir"}
    provenance = {
        "data": digests,
        "source": "2" * 64,
        "scorer": "3" * 64,
        "params": {"width": 8},
        "seed": 0,
    }
    provenance |= {
        "budget": None,
        "pretraining": None,
        "contract": 1,
        "harness": 2,
        "column": "4" * 64,
    }
    common = {**about, "provenance": {**provenance, "key": "5" * 64}}
    beats = task == "classification"
    if (family == "classical completion" and beats) or (
        family == "classical classification" and not beats
    ):
        return {
            **common,
            "status": "not-applicable",
            "reason": f"{row} does not do {task}",
            "scenarios": {},
        }
    found = {
        scenario.name: scored_beats(people, rng) if beats else scored(scenario, row, people, rng)
        for scenario in of_task(task, len(LEADS))
    }
    return {**common, "status": "scored", "reason": "", "scenarios": found}


def scored(
    scenario: Scenario, row: str, people: Sequence[str], rng: np.random.Generator
) -> Document:
    """A completion scenario: the oracle has no error, others one around a level of their own."""
    level = 0 if row == "oracle" else rng.uniform(0.3, 1)
    names = ["nrmse", "warped_nrmse", "pearson"]
    names += [
        f"nrmse_{at:.1f}s"
        for at in np.arange(0.5, (scenario.seconds or 0) + 0.1, 0.5)
        if scenario.hides == "future"
    ]
    split = ["validation"] * 2 + ["test"] * (len(people) - 2)
    table = {
        name: [round(level * float(np.exp(rng.normal(0, 0.15))), 4) for _ in people]
        for name in names
    }
    means = {name: round(float(np.mean(values[2:])), 4) for name, values in table.items()}
    patients = {"patient": list(people), "split": split, **table}
    return {
        "status": "scored",
        "primary": primary_metric(scenario),
        "metrics": means,
        "patients": patients,
    }


def scored_beats(people: Sequence[str], rng: np.random.Generator) -> Document:
    """The heartbeat scenario from confusions drawn patient by patient."""
    right = rng.uniform(0.4, 0.9)
    confusions = [
        np.stack(
            [
                rng.multinomial(count, [right if k == j else (1 - right) / 4 for j in range(5)])
                for k, count in enumerate((900, 40, 80, 9, 1))
            ]
        )
        for _ in people
    ]
    pooled = np.sum(confusions[2:], 0)
    metrics = {
        "macro_f1": round(float(macro_f1(pooled)), 4),
        "accuracy": round(float(np.trace(pooled) / pooled.sum()), 4),
    }
    metrics |= {f"f1_{name}": 0.5 for name in CLASSES}
    split = ["validation"] * 2 + ["test"] * (len(people) - 2)
    table = {
        "patient": list(people),
        "split": split,
        "confusion": [each.ravel().tolist() for each in confusions],
    }
    return {
        "status": "scored",
        "primary": "macro_f1",
        "tau": 0.2,
        "metrics": metrics,
        "patients": table,
    }


def training(rng: np.random.Generator) -> Document:
    """A training of eight checks, best at the sixth."""
    falling = [
        round(float(value), 4) for value in 1 / (1 + np.arange(1, 9)) + rng.uniform(0, 0.01, 8)
    ]
    return {
        "step": list(range(75, 601, 75)),
        "training": falling,
        "validation": [*falling[:5], 0.05, 0.2, 0.3],
    }


def costs(rng: np.random.Generator) -> Document:
    """What a cell cost."""
    wall = float(np.exp(rng.normal(3, 1)))
    spent = {
        "wall_s": round(wall, 2),
        "cpu_s": round(wall * 0.9, 2),
        "peak_memory_mb": 300.5,
        "energy_j": None,
    }
    machine = {"cpu": "some processor", "cores": 2, "python": "3.11.7"}
    return {
        **spent,
        "parameters": 66_800,
        "steps": 60,
        "runner": "host",
        "image": {},
        "hardware": machine,
        "calls": [],
    }


def signal(rng: np.random.Generator) -> list[int]:
    """A lead that looks like one, in units of 10 µV."""
    at = np.arange(KEPT) * EVERY / RATE
    beats = 100 * np.exp(-0.5 * (((at % 0.8) - 0.4) / 0.015) ** 2)
    return np.round(beats + 8 * np.sin(at) + rng.normal(0, 1.5, KEPT)).astype(int).tolist()


def examples(row: str, rng: np.random.Generator) -> Document:
    """The questions, of the oracle, or a row's answers to them, as leaderboard/scoring/examples.py
    makes them."""
    found: Document = {}
    for task in TASKS:
        for scenario in of_task(task, len(LEADS)):
            if task == "classification":
                found[scenario.name] = beat_examples(row, rng)
                continue
            # The same for every row: only then do answers fit their questions.
            masks = np.random.default_rng(len(scenario.name))
            hidden = scenarios.hidden(scenario, masks, len(LEADS), SAMPLES, RATE)[:, ::EVERY]
            truth = [signal(rng) for _ in LEADS]
            if row != "oracle":
                asked = hidden if hidden.any() else ~hidden
                found[scenario.name] = [
                    np.array(lead)[mask].tolist() for lead, mask in zip(truth, asked, strict=True)
                ]
                continue
            noisy = 0 if hidden.any() else 9
            shown = [
                [None if mask else value + noisy for value, mask in zip(lead, each, strict=True)]
                for lead, each in zip(truth, hidden, strict=True)
            ]
            found[scenario.name] = {
                "patient": "p03",
                "leads": list(LEADS),
                "truth": truth,
                "shown": shown,
            }
    return found


def beat_examples(row: str, rng: np.random.Generator) -> Any:
    letters = ["NNNNNNNNNNNN", "NNNSNNNNNNNN", "NNVNNNNVNNNN", "NNNNFNNNNNNN"]
    if row != "oracle":
        return [text.replace("S", "N") for text in letters]
    beats = [round((0.4 + 0.8 * k) * RATE / EVERY) for k in range(12)]
    return [
        {
            "patient": "p04",
            "leads": list(LEADS),
            "truth": [signal(rng) for _ in LEADS],
            "beats": beats,
            "labels": text,
        }
        for text in letters
    ]


def analysis(
    documents: Sequence[Document], rows: dict[str, str], rng: np.random.Generator
) -> Document:
    """An analysis with every kind of verdict in it; its numbers are drawn, not computed."""
    of_rows: dict[str, dict[str, Document]] = {}
    for each in documents:
        for name, scenario in each["scenarios"].items():
            of_rows.setdefault(name, {})[each["row"]] = {**scenario, "task": each["task"]}
    found = {name: one_scenario(scored_rows, rows, rng) for name, scored_rows in of_rows.items()}
    ranked = [row for row, family in rows.items() if family != "control"]
    nothing = [[0] * len(ranked) for _ in ranked]
    some = [[int(i != j) for j in range(len(ranked))] for i in range(len(ranked))]
    return {
        "board": BOARD,
        "rows": list(rows),
        "families": rows,
        "scenarios": found,
        "matrix": {"rows": ranked, "wins": some, "ties": nothing, "losses": some},
        "complete": {row: "4/4" for row in rows},
        "coverage": {"mean": 0.951, "pooled": 0.88, "paired": 0.949, "family_wise": 0.047},
    }


def one_scenario(
    scored_rows: dict[str, Document], rows: dict[str, str], rng: np.random.Generator
) -> Document:
    first = next(iter(scored_rows.values()))
    metric, patients = first["primary"], first["patients"]["patient"][2:]
    ranked = [row for row in scored_rows if rows[row] != "control"]
    reference = next(row for row in ranked if rows[row].startswith("classical"))
    lines = {}
    for k, row in enumerate(scored_rows):
        values = [round(float(v), 4) for v in rng.uniform(0.3, 1, len(patients))]
        value = scored_rows[row]["metrics"][metric]
        line: Document = {
            "value": value,
            "low": max(0, value - 0.1),
            "high": value + 0.1,
            "per_patient": values,
        }
        line |= {"patient_sd": 0.1, "seed_sd": None, "seeds": 1, "rank": None, "difference": None}
        if row in ranked:
            line["rank"] = [1 + ranked.index(row) // 2, len(ranked)]
        if row in ranked and row != reference:
            verdict = ("better", "worse", "equivalent", "undecided")[k % 4]
            middle = {"better": 0.4, "worse": -0.4}.get(verdict, 0.01)
            bounds = {"value": middle, "low": middle - 0.03, "high": middle + 0.03}
            line["difference"] = {**bounds, "p": 0.01, "p_holm": 0.04, "verdict": verdict}
        lines[row] = line
    return {
        "task": first["task"],
        "metric": metric,
        "better": "higher" if metric == "macro_f1" else "lower",
        "patients": patients,
        "reference": reference,
        "margin": 0.05,
        "mde": 0.11,
        "leader": ranked[-1],
        "influence": {"patient": patients[0], "leader": ranked[0]},
        "ranks_of": ranked,
        "rows": lines,
        "pretraining": [
            {"row": "mae-patch", "against": {"transformer": {**BETTER, "p": 0.01, "p_holm": 0.01}}}
        ],
    }
