"""A small project of its own, with its own git and DVC: the real stages, few methods, one small
board."""

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dvc.repo import Repo

from benchmarks.settings import ROOT

METHODS = ("mean", "linear", "prior")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Project:
    """A checkout in which commands are run as a user would."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(self.root),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
            "PQRST_RUNNER": "host",
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def run(self, *command: str, check: bool = True, **options) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
        assert not check or result.returncode == 0, f"{command}: {result.stdout}\n{result.stderr}"
        return result

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the background, in a process group of its own; its output is kept."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pqrst(self, *arguments: str, check: bool = True) -> str:
        result = self.run(str(BIN / "python"), "-m", "pqrst.cli", *arguments, check=check)
        return result.stdout + result.stderr

    def dvc(self, *arguments: str, check: bool = True) -> str:
        result = self.run(str(BIN / "dvc"), *arguments, check=check)
        return result.stdout + result.stderr

    def stale(self) -> set[str]:
        """The addresses of the stages of the synthetic board that are stale, as DVC itself says."""
        with contextlib.chdir(self.root), Repo() as repo:
            return set(repo.status(targets=["leaderboard@synthetic"], with_deps=True))

    def results(self) -> dict[str, bytes]:
        """Every byte that must be the same whenever it is made: predictions, models, scores; not
        what they cost."""
        found = [
            p
            for folder in ("runs", "leaderboard/scores")
            for p in (self.root / folder).rglob("*")
            if p.is_file()
        ]
        return {
            str(p.relative_to(self.root)): p.read_bytes()
            for p in found
            if "status" not in p.parts and p.name != "costs.json" and not p.name.endswith(".tmp")
        }

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new))


def copy_project(target: Path) -> Project:
    for folder in ("benchmarks", "pipeline", "containers", "leaderboard", "pqrst"):
        ignored = shutil.ignore_patterns("scores", "boards", "*.tmp")
        shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
    for method in ("kit", *METHODS):
        ignored = shutil.ignore_patterns("__pycache__", "dvc.lock")
        shutil.copytree(ROOT / "methods" / method, target / "methods" / method, ignore=ignored)
    shutil.copy(ROOT / "methods/__init__.py", target / "methods")
    for file in ("dvc.yaml", "params.yaml", ".gitignore", ".dvcignore"):
        shutil.copy(ROOT / file, target / file)
    project = Project(target)
    project.edit("params.yaml", "windows_per_record: 6", "windows_per_record: 1")
    project.edit("params.yaml", "from_truth: [oracle, late-100ms, blurred]", "from_truth: [oracle]")
    project.run("git", "init", "-q")
    project.dvc("init", "-q")
    shutil.copy(ROOT / ".dvc/config", target / ".dvc/config")
    project.pqrst("sync")
    project.run("git", "add", ".")
    return project
