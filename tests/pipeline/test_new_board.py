"""A board is a block of params.yaml: nothing else has to name it."""

import json

import yaml

from benchmarks.settings import ROOT, settings

DATASET = '''
"""The simulator's people, drawn anew."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.datasets import Record, synthetic
from benchmarks.datasets.synthetic import CITATION, LEADS, LICENCE, RATE, SPLITS, URL, VERSION

NAME = "anew"
TITLE = "Simulated people, drawn anew"
NOTE = "Nobody has looked at this board before."


def records(folder: Path) -> Iterator[Record]:
    return synthetic.records(seed=2026)


def noise(folder: Path):
    return synthetic.noise(seed=2026)
'''
BOARD = """\
  fresh:
    dataset: anew
    seed: 20261130
    windows_per_record: 1
"""
SOURCES = ("pipeline", "leaderboard", "containers", "pqrst")


def test_a_data_set_and_three_lines_of_params_are_a_board(project):
    (project.root / "benchmarks/datasets/anew.py").write_text(DATASET)
    project.edit("params.yaml", "boards:\n", f"boards:\n{BOARD}")
    assert "wrote" in project.pqrst("sync")
    assert "0 failed" in project.pqrst("repro", "fresh", "--jobs", "2")
    out = project.root / "leaderboard/boards/fresh"
    board = (out / "board.md").read_text()
    assert board.startswith("# Leaderboard: fresh\n") and "| linear" in board
    assert "Nobody has looked at this board before." in board
    page = (out / "index.html").read_text()
    assert "Simulated people, drawn anew" in page
    assert "Nobody has looked at this board before." in page
    assert json.loads((out / "board.json").read_text())["seeds"] == 1
    assert project.dvc("status", "leaderboard@fresh", "--with-deps").strip().endswith("up to date.")
    shown = yaml.safe_load((project.root / "dvc.yaml").read_text())
    assert "leaderboard/boards/fresh/metrics" in shown["metrics"]


def test_no_source_names_a_board_of_a_real_data_set():
    boards = [name for name in settings().boards if name != "synthetic"]
    found = [
        f"{path.relative_to(ROOT)} names {board}"
        for folder in SOURCES
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".j2", ".js")
        for board in boards
        if board in path.read_text()
    ]
    assert boards and found == []
