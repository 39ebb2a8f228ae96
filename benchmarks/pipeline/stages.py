"""The stages of a method: `methods/<name>/dvc.yaml`, all written from the one template below."""

from pathlib import Path

from benchmarks import contract
from benchmarks.contract import Task, write_if_changed
from benchmarks.pipeline.sources import write_sources
from benchmarks.settings import ROOT, method_folders, read_method, settings

HEADER = "# Written by `pqrst sync`. The template is in benchmarks/pipeline/stages.py.\nstages:\n"


def method_stages(folder: Path, root: Path = ROOT) -> str:
    """The text of a method's dvc.yaml: pretrain (where it has that verb), a cell per task, and score."""
    rows = read_method(folder)
    card = rows[0].card
    method = folder.relative_to(root)
    boards = list(settings(root).boards)
    tasks: list[Task] = [task for task in contract.TASKS if task in card.tasks]
    matrix = {"board": boards, "row": [row.name for row in rows]}
    learns = "fit" in card.verbs or "pretrain" in card.verbs
    run = "runs/${item.board}/${item.row}"
    board_params = [
        *(["boards.${item.board}.budget"] if learns else []),
        *([] if card.deterministic else ["boards.${item.board}.seeds", "boards.${item.board}.seed"]),
    ]
    own_params = [
        *([("params.yaml", board_params)] if board_params else []),
        (f"{method}/params.json", ["${item.row}"]),
        (f"{method}/source.json", ["method"]),
    ]
    text = HEADER
    if "pretrain" in card.verbs:
        text += _stage(
            "pretrain",
            matrix,
            "pqrst pretrain ${item.board} ${item.row}",
            ["data/boards/${item.board}/fit"],
            own_params,
            [f"{run}/pretrain/model", f"{run}/pretrain/status"],
        )
    text += _stage(
        "cell",
        {**matrix, "task": tasks},
        "pqrst cell ${item.board} ${item.row} ${item.task}",
        [
            *(["data/boards/${item.board}/fit"] if learns else []),
            "data/boards/${item.board}/predict/${item.task}",
            *([f"{run}/pretrain/model", f"{run}/pretrain/status"] if "pretrain" in card.verbs else []),
        ],
        own_params,
        [f"{run}/${{item.task}}/{part}" for part in ("predictions", "model", "status")],
    )
    text += _stage(
        "score",
        matrix,
        "pqrst score ${item.board} ${item.row}",
        [
            "data/boards/${item.board}/truth",
            *("data/boards/${item.board}/predict/" + task for task in tasks),
            *(f"{run}/{task}/{part}" for task in tasks for part in ("predictions", "status")),
        ],
        [
            ("params.yaml", ["boards.${item.board}", "controls"]),
            (f"{method}/params.json", ["${item.row}"]),
            (f"{method}/source.json", ["method"]),
            ("benchmarks/source.json", ["score"]),
        ],
        ["leaderboard/scores/${item.board}/${item.row}:\n        cache: false"],
    )
    return text


def _stage(name: str, matrix: dict, cmd: str, deps: list[str], params: list, outs: list[str]) -> str:
    lines = [f"  {name}:", "    wdir: ../..", "    matrix:"]
    lines += [f"      {key}: [{', '.join(values)}]" for key, values in matrix.items()]
    lines += [f"    cmd: {cmd}", "    deps:", *(f"    - {dep}" for dep in deps), "    params:"]
    for file, keys in params:
        lines += [f"    - {file}:", *(f"      - {key}" for key in keys)]
    return "\n".join([*lines, "    outs:", *(f"    - {out}" for out in outs)]) + "\n"


def sync(root: Path = ROOT) -> list[Path]:
    """Bring every written-out file up to date: source digests, the methods' stages, the contract's JSON Schema."""
    changed = write_sources(root)
    for folder in method_folders(root):
        if write_if_changed(folder / "dvc.yaml", method_stages(folder, root)):
            changed.append(folder / "dvc.yaml")
    return changed + contract.write_schema(root / "benchmarks/schema")
