"""The stages of a method: `methods/<name>/dvc.yaml`, all written from the one template below."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import contract, places
from benchmarks.files import write_if_changed
from benchmarks.settings import PROBED, ROOT, boards_of, method_folders, read_method, settings
from pipeline.sources import base_of, source_texts

HEADER = "# Written by `pqrst sync`. The template is in pipeline/stages.py.\nstages:\n"
CURVES = (
    "How the trainings of the rows of `{0}` went. `pqrst curves {0} ROW` draws them; the board's"
    " page shows them.\n"
)


def method_stages(folder: Path, root: Path = ROOT) -> str:
    """The text of a method's dvc.yaml: pretrain (where it has that verb), a cell per task, score,
    and history (where it may learn step by step: not on the base without torch); and the same for
    the rows that are probes of another's pretraining."""
    rows = read_method(folder)
    card = rows[0].card
    boards = boards_of(card, root)
    whole, probes = ([row.name for row in rows if row.is_probe is probe] for probe in (False, True))
    tasks = next(row.tasks for row in rows if not row.is_probe)
    matrix = {"board": boards, "row": whole}
    learns = "fit" in card.verbs or "pretrain" in card.verbs
    pretrains = "pretrain" in card.verbs
    by_steps = learns and base_of(folder) != "light"
    board_params = [
        *(["boards.${item.board}.budget"] if learns else []),
        *(
            []
            if card.deterministic
            else ["boards.${item.board}.seeds", "boards.${item.board}.seed"]
        ),
    ]
    method = folder.relative_to(root)
    own_params = [
        *([("params.yaml", board_params)] if board_params else []),
        (f"{method}/params.json", ["${item.row}"]),
        (f"{method}/source.json", ["method"]),
    ]
    fit = ["data/boards/${item.board}/fit"] if learns else []

    def cell(each: str, of: str, task: str) -> tuple:
        pretrained = (
            [f"runs/${{item.board}}/{of}/pretrain/{part}" for part in ("model", "status")]
            if pretrains
            else []
        )
        return (
            f"pqrst cell ${{item.board}} {each} {task}",
            [*fit, f"data/boards/${{item.board}}/predict/{task}", *pretrained],
            own_params,
            [
                f"runs/${{item.board}}/{each}/{task}/{part}"
                for part in ("predictions", "model", "status")
            ],
        )

    def score(done: Sequence[str]) -> tuple:
        run = "runs/${item.board}/${item.row}"
        return (
            "pqrst score ${item.board} ${item.row}",
            [
                "data/boards/${item.board}/truth",
                *("data/boards/${item.board}/predict/" + task for task in done),
                *(f"{run}/{task}/{part}" for task in done for part in ("predictions", "status")),
            ],
            [
                ("params.yaml", ["boards.${item.board}", "controls"]),
                *own_params[-2:],
                ("benchmarks/source.json", ["score"]),
            ],
            ["leaderboard/scores/${item.board}/${item.row}:\n        cache: false"],
        )

    def history(done: Sequence[str]) -> tuple:
        return (
            "pqrst history ${item.board} ${item.row}",
            ["runs/${item.board}/${item.row}/" + f"{stage}/model" for stage in done],
            [("benchmarks/source.json", ["history"])],
            ["leaderboard/curves/${item.board}/${item.row}.json:\n        cache: false"],
        )

    text = HEADER
    if pretrains:
        text += _stage(
            "pretrain",
            matrix,
            "pqrst pretrain ${item.board} ${item.row}",
            fit,
            own_params,
            [f"runs/${{item.board}}/${{item.row}}/pretrain/{part}" for part in ("model", "status")],
        )
    text += _stage(
        "cell", {**matrix, "task": tasks}, *cell("${item.row}", "${item.row}", "${item.task}")
    )
    text += _stage("score", matrix, *score(tasks))
    if by_steps:
        text += _stage("history", matrix, *history([*(["pretrain"] if pretrains else []), *tasks]))
    for probe in probes:
        only = {"board": boards, "row": [probe]}
        text += _stage(f"probe-{probe}", only, *cell("${item.row}", card.probes[probe], PROBED))
        text += _stage(f"score-{probe}", only, *score([PROBED]))
        if by_steps:
            text += _stage(f"history-{probe}", only, *history([PROBED]))
    return text


def _stage(
    name: str, matrix: dict, cmd: str, deps: list[str], params: list, outs: list[str]
) -> str:
    lines = [f"  {name}:", "    wdir: ../..", "    matrix:"]
    lines += [f"      {key}: [{', '.join(values)}]" for key, values in matrix.items()]
    lines += [f"    cmd: {cmd}", "    deps:", *(f"    - {dep}" for dep in deps), "    params:"]
    for file, keys in params:
        lines += [f"    - {file}:", *(f"      - {key}" for key in keys)]
    return "\n".join([*lines, "    outs:", *(f"    - {out}" for out in outs)]) + "\n"


def texts(root: Path = ROOT) -> dict[Path, str]:
    """What every source digest and every method's dvc.yaml must say, and the note in a board's
    folder of learning curves, which must be there even where no row of the board learns step by
    step."""
    stages = {folder / "dvc.yaml": method_stages(folder, root) for folder in method_folders(root)}
    curves = {
        root / places.curves(board, "README.md"): CURVES.format(board)
        for board in settings(root).boards
    }
    return source_texts(root) | stages | curves


def sync(root: Path = ROOT) -> list[Path]:
    """Bring every written-out file up to date: those of `texts`, the contract's JSON Schema."""
    changed = [path for path, text in texts(root).items() if write_if_changed(path, text)]
    return changed + contract.write_schema(root / "benchmarks/schema")
