"""For the author of a method: a working skeleton, and a check that says in plain words what is
wrong."""

import ast
import json
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import contract, places
from benchmarks.cases.prepare import build_cases, prepare_records
from benchmarks.contract import Status
from benchmarks.errors import UserError, hint
from benchmarks.files import replacing
from benchmarks.settings import ROOT, Row, board, method_folders, read_method, rows
from pipeline.recipes import base_of
from pipeline.stages import sync

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
BOARD = "synthetic"


def new_method(name: str, like: str = "mean", root: Path = ROOT) -> Path:
    """Write `methods/NAME`, a working copy of method `like` under its own name; returns the folder.

    Raises UserError for a name that is taken or not of lower-case words joined by hyphens.
    """
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r}: a method's name is lower-case words joined by hyphens, such as my-method"
        )
    target, source = root / "methods" / name, root / "methods" / like
    if target.exists():
        raise UserError(
            f"{target}: there is a method of this name already; choose another, or edit that one"
        )
    if not (source / "method.yaml").exists():
        known = ", ".join(folder.name for folder in method_folders(root))
        raise UserError(f"{source}: no method to start from; known: {known}")
    card = (source / "method.yaml").read_text()
    variants = list(json.loads((source / "params.json").read_text()).items())
    renamed = {
        row.replace(like, name, 1) if like in row else f"{name}-{row}": params
        for row, params in variants
    }
    ignored = shutil.ignore_patterns("dvc.*", "source.json", "__pycache__", ".gitignore")
    with replacing(target) as part:
        shutil.copytree(source, part, ignore=ignored, dirs_exist_ok=True)
        (part / "method.yaml").write_text(re.sub(r"(?m)^name:.*$", f"name: {name}", card))
        (part / "params.json").write_text(json.dumps(renamed, indent=1) + "\n")
        (part / "README.md").write_text(
            f"# {name}\n\nStarted from `{like}`. Say here: the idea, the paper, where you depart"
            " from it and why, the\nparameters, what it costs.\n"
        )
    rows.cache_clear()
    method_folders.cache_clear()
    sync(root)
    return target


def check_method(name: str, root: Path = ROOT) -> list[str]:
    """Everything that keeps `methods/NAME` from standing on a board, in plain words; an empty list
    if nothing does.

    Runs each task of its first variant on the synthetic board, in a scratch folder.
    """
    from containers.calls.runs import make_pretraining, make_run
    from containers.runner import prepare

    folder = root / "methods" / name
    if not folder.is_dir():
        known = (each.name for each in method_folders(root))
        return [f"methods/{name}: there is no such method{hint(name, known)}"]
    try:
        row = read_method(folder)[0]
        rows(root)
    except UserError as error:
        return [str(error)]
    findings = check_sources(row)
    cases = root / places.cases(BOARD)
    if not (cases / "truth").exists():
        prepare_records(BOARD, root)
        build_cases(BOARD, root)
    with tempfile.TemporaryDirectory(prefix="pqrst-check-") as scratch:
        run = Path(scratch) / row.name
        if row.pretraining == row.name:
            make_pretraining(row, board(BOARD, root), cases, run / "pretrain", prepare())
        for task in row.tasks:
            make_run(row, board(BOARD, root), task, cases, run / task, prepare())
            status = contract.load(Status, run / task / "status" / f"{places.seed(0)}.json")
            if status.kind != "ok":
                printed = f"; it printed last:\n{status.log_tail}" if status.log_tail else ""
                findings.append(f"{task}: {status.kind}: {status.reason}{printed}")
                continue
            findings += _check_variation(task, run / task / "predictions" / places.seed(0))
    return findings


def check_sources(row: Row) -> list[str]:
    """What is wrong with a method's folder before it runs: a missing README, its Dockerfile, what
    it imports."""
    findings = [] if (row.folder / "README.md").exists() else ["README.md is missing"]
    try:
        base_of(row.folder)
    except UserError as error:
        findings.append(str(error))
    for path in sorted(row.folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for imported in names:
                if imported.split(".")[0] in ("benchmarks", "containers", "leaderboard") or (
                    imported.startswith("methods") and not imported.startswith("methods.kit")
                ):
                    findings.append(
                        f"{path.name} imports {imported}: in its image a method finds methods.kit"
                        " alone"
                    )
    return findings


def _check_variation(task: str, predictions: Path) -> list[str]:
    """A scenario whose every answer is one constant is no answer."""
    findings = []
    for path in sorted(predictions.glob("*.npy")):
        values = np.load(path, allow_pickle=False)
        if values.ndim == 1 and values.size and np.ptp(values.astype(np.float32)) == 0:
            findings.append(f"{task}: {path.stem} is the constant {values[0]:g} mV in every window")
    return findings
