"""The stages of the project, written by `pqrst sync`: `dvc.yaml` from the boards of params.yaml,
`methods/<name>/dvc.yaml` from a method's card and rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks import contract, places
from benchmarks.contract import MethodCard
from benchmarks.datasets import is_published, sources
from benchmarks.files import write_if_changed
from benchmarks.settings import PROBED, ROOT, boards_of, method_folders, read_method, settings
from pipeline.sources import published_sources, records_group, source_texts, used_datasets

HEADER = "# Written by `pqrst sync`. The template is in pipeline/stages.py.\n"
CURVES = (
    "How the trainings of the rows of `{0}` went. `pqrst curves {0} ROW` draws them; the board's"
    " page shows them.\n"
)
# DVC puts the values of a stage's `matrix` or `foreach` here.
BOARD, ROW, TASK = "${item.board}", "${item.row}", "${item.task}"
HARNESS = "benchmarks/source.json"
BOARD_FILES = ("board.md", "board.csv", "board.json", "index.html", "analysis.json")
BOARD_FOLDERS = ("metrics", "plots")
SHOWN_FROM = (
    "leaderboard/published.yaml",
    "leaderboard/notes.yaml",
    "leaderboard/reproduced.json",
    *(
        f"leaderboard/page/{name}"
        for name in ("template.html.j2", "reading.html.j2", "style.css", "script", "vendor")
    ),
)
PLOTS: dict[str, dict[str, Any]] = {  # by name: the table, its column y, and the rest
    "scores": {
        "template": "intervals",
        "x": "value",
        "y": ("scores.csv", "row"),
        "x_label": "value, 95 % over patients",
    },
    "confusion": {
        "template": "confusions",
        "x": "predicted",
        "y": ("confusion.csv", "actual"),
    },
    "error by horizon": {
        "template": "curves",
        "x": "seconds",
        "y": ("horizon.csv", "nrmse"),
        "x_label": "s after the last visible sample",
        "y_label": "nRMSE",
    },
    "error by noise": {
        "template": "curves",
        "x": "snr_db",
        "y": ("noise.csv", "nrmse"),
        "x_label": "signal-to-noise ratio (dB)",
        "y_label": "nRMSE",
    },
}

Definition = dict[str, Any]  # what dvc.yaml says of a stage


class Plain(yaml.CSafeDumper):
    """YAML without anchors: what is said twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: a stage is read by itself."""
        return True


def yaml_text(stages: Definition) -> str:
    """The text of a dvc.yaml."""
    return HEADER + yaml.dump(stages, Dumper=Plain, sort_keys=False, width=100, allow_unicode=True)


def kept_in_git(path: str) -> Definition:
    """An output that DVC does not cache."""
    return {path: {"cache": False}}


def root_stages(root: Path = ROOT) -> Definition:
    """What the root's dvc.yaml says: the data sets of the boards, and each board's cases, controls
    and tables."""
    boards, controls = settings(root).boards, settings(root).controls
    stages: Definition = {}
    if published := published_sources(root):
        stages["fetch"] = {
            "foreach": published,
            "do": {
                "cmd": "pqrst fetch ${item}",
                "deps": ["benchmarks/datasets/${item}.sha256"],
                "outs": [places.raw("${item}")],
            },
        }
    stages |= {records_group(name): _records(name) for name in used_datasets(root)}
    stages["cases"] = {
        "foreach": {name: {"dataset": board.dataset} for name, board in boards.items()},
        "do": _cases("${key}", "${item.dataset}"),
    }
    stages["control"] = {
        "matrix": {"board": list(boards), "row": controls.from_truth},
        "cmd": f"pqrst score {BOARD} {ROW}",
        "deps": [places.cases(BOARD, "truth"), places.cases(BOARD, "predict")],
        "params": [{"params.yaml": [f"boards.{BOARD}", "controls"]}, {HARNESS: ["score"]}],
        "outs": [kept_in_git(places.scores(BOARD, ROW))],
    }
    stages["leaderboard"] = {"foreach": list(boards), "do": _leaderboard("${item}")}
    return {
        "stages": stages,
        "metrics": [places.board(name, "metrics") for name in boards],
        "plots": [plot for name in boards for plot in _plots(name)],
    }


def _records(dataset: str) -> Definition:
    raw = [places.raw(name) for name in sources(dataset) if is_published(name)]
    return {
        "cmd": f"pqrst records {dataset}",
        **({"deps": raw} if raw else {}),
        "params": [{HARNESS: [records_group(dataset)]}],
        "outs": [places.records(dataset)],
    }


def _cases(board: str, dataset: str) -> Definition:
    asked = [f"boards.{board}.{key}" for key in ("dataset", "seed", "windows_per_record")]
    return {
        "cmd": f"pqrst cases {board}",
        "deps": [places.records(dataset)],
        "params": [{"params.yaml": asked}, {HARNESS: ["cases"]}],
        "outs": [places.cases(board, part) for part in ("fit", "predict", "truth")],
    }


def _leaderboard(board: str) -> Definition:
    return {
        "cmd": f"pqrst leaderboard {board}",
        "deps": [places.scores(board), places.curves(board), *SHOWN_FROM],
        "params": [
            {"params.yaml": [f"boards.{board}", "controls"]},
            {HARNESS: ["leaderboard", f"cards-{board}"]},
        ],
        "outs": [kept_in_git(places.board(board, name)) for name in BOARD_FILES + BOARD_FOLDERS],
    }


def _plots(board: str) -> list[Definition]:
    """What `dvc plots` draws of a board, by the templates in .dvc/plots."""
    found = []
    for name, plot in PLOTS.items():
        table, column = plot["y"]
        y = {places.board(board, "plots", table): column}
        found.append({f"{board}: {name}": plot | {"y": y}})
    return found


def method_stages(folder: Path, root: Path = ROOT) -> Definition:
    """What a method's dvc.yaml says: pretrain (where it has that verb), a run per task, score, and
    history (where it learns step by step); and the same for the rows that are probes of another's
    pretraining."""
    rows = read_method(folder)
    card = rows[0].card
    whole, probes = ([row.name for row in rows if row.is_probe is probe] for probe in (False, True))
    tasks = next(row.tasks for row in rows if not row.is_probe)
    matrix = {"board": boards_of(card, root), "row": whole}
    made_with = _made_with(folder.relative_to(root), card)
    pretrains = "pretrain" in card.verbs
    stages: Definition = {}
    if pretrains:
        stages["pretrain"] = _stage(
            matrix,
            f"pqrst pretrain {BOARD} {ROW}",
            _fit(card),
            made_with,
            [places.run(BOARD, ROW, "pretrain", part) for part in ("model", "status")],
        )
    stages["run"] = _run({**matrix, "task": tasks}, card, made_with, ROW, ROW, TASK)
    stages["score"] = _score(matrix, made_with, tasks)
    if card.learning_curves:
        stages["history"] = _history(matrix, [*(["pretrain"] if pretrains else []), *tasks])
    for probe in probes:
        only, of = {**matrix, "row": [probe]}, card.probes[probe]
        stages[f"probe-{probe}"] = _run(only, card, made_with, ROW, of, PROBED)
        stages[f"score-{probe}"] = _score(only, made_with, [PROBED])
        if card.learning_curves:
            stages[f"history-{probe}"] = _history(only, [PROBED])
    return {"stages": stages}


def _fit(card: MethodCard) -> list[str]:
    """What a method that learns depends on."""
    return [places.cases(BOARD, "fit")] if {"fit", "pretrain"} & set(card.verbs) else []


def _made_with(method: Path, card: MethodCard) -> list[Definition]:
    """The params of a method's own stages: its row's parameters, its sources, and the board where
    it is given a budget or seeds."""
    # The whole board: DVC refuses a key that a board leaves to its default.
    given = _fit(card) or not card.deterministic
    board = [{"params.yaml": [f"boards.{BOARD}"]}] if given else []
    return [*board, {f"{method}/params.json": [ROW]}, {f"{method}/source.json": ["method"]}]


def _run(
    matrix: Definition,
    card: MethodCard,
    made_with: list[Definition],
    row: str,
    pretrained: str,
    task: str,
) -> Definition:
    before = (
        [places.run(BOARD, pretrained, "pretrain", part) for part in ("model", "status")]
        if "pretrain" in card.verbs
        else []
    )
    return _stage(
        matrix,
        f"pqrst run {BOARD} {row} {task}",
        [*_fit(card), places.cases(BOARD, "predict", task), *before],
        made_with,
        [places.run(BOARD, row, task, part) for part in ("predictions", "model", "status")],
    )


def _score(matrix: Definition, made_with: list[Definition], tasks: Sequence[str]) -> Definition:
    made = [
        places.run(BOARD, ROW, task, part) for task in tasks for part in ("predictions", "status")
    ]
    return _stage(
        matrix,
        f"pqrst score {BOARD} {ROW}",
        [
            places.cases(BOARD, "truth"),
            *(places.cases(BOARD, "predict", task) for task in tasks),
            *made,
        ],
        [
            {"params.yaml": [f"boards.{BOARD}", "controls"]},
            *made_with[-2:],
            {HARNESS: ["score"]},
        ],
        [kept_in_git(places.scores(BOARD, ROW))],
    )


def _history(matrix: Definition, trained: Sequence[str]) -> Definition:
    return _stage(
        matrix,
        f"pqrst history {BOARD} {ROW}",
        [places.run(BOARD, ROW, stage, "model") for stage in trained],
        [{HARNESS: ["history"]}],
        [kept_in_git(places.curves(BOARD, f"{ROW}.json"))],
    )


def _stage(
    matrix: Definition, cmd: str, deps: list[str], params: list[Definition], outs: list
) -> Definition:
    return {
        "wdir": "../..",
        "matrix": matrix,
        "cmd": cmd,
        "deps": deps,
        "params": params,
        "outs": outs,
    }


def texts(root: Path = ROOT) -> dict[Path, str]:
    """What every source digest and every dvc.yaml must say, and the note in a board's folder of
    learning curves, which must be there even where no row of the board learns step by step."""
    stages = {folder / "dvc.yaml": method_stages(folder, root) for folder in method_folders(root)}
    stages[root / "dvc.yaml"] = root_stages(root)
    curves = {
        root / places.curves(board, "README.md"): CURVES.format(board)
        for board in settings(root).boards
    }
    return source_texts(root) | {path: yaml_text(found) for path, found in stages.items()} | curves


def sync(root: Path = ROOT) -> list[Path]:
    """Bring every written-out file up to date: those of `texts`, the contract's JSON Schema."""
    changed = [path for path, text in texts(root).items() if write_if_changed(path, text)]
    return changed + contract.write_schema(root / "benchmarks/schema")
