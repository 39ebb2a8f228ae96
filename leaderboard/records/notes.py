"""What a board says to its readers: the NOTE of its data set, and its paragraph of `notes.yaml`."""

from pathlib import Path

import yaml

from benchmarks import datasets
from benchmarks.errors import UserError
from benchmarks.settings import ROOT, board, settings

PATH = "leaderboard/notes.yaml"


def notes(name: str, root: Path = ROOT) -> list[str]:
    """The paragraphs of board `name`; raises UserError where `notes.yaml` is no mapping of boards
    to text."""
    path = root / PATH
    written = yaml.safe_load(path.read_text()) if path.exists() else {}
    if not isinstance(written, dict) or not all(isinstance(text, str) for text in written.values()):
        raise UserError(f"{path}: expected one text for each board, BOARD: text")
    if strangers := sorted(set(written) - set(settings(root).boards)):
        raise UserError(f"{path}: {strangers[0]!r} is no board of params.yaml; take it out")
    note = getattr(datasets.load(board(name, root).dataset), "NOTE", "")
    return [text for text in (note, written.get(name, "")) if text]
