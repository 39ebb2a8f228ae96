"""What a board says to its readers."""

import pytest

from benchmarks.datasets import load
from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from leaderboard.records.notes import PATH, notes


@pytest.fixture
def root(tmp_path):
    (tmp_path / "leaderboard").mkdir()
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    return tmp_path


def test_the_note_of_the_data_set_stands_before_the_boards_own(root):
    (root / PATH).write_text("mitdb: Read this.\n")
    assert notes("mitdb", root) == [load("mitdb").NOTE, "Read this."]


def test_a_board_needs_no_note(root):
    assert notes("synthetic", root) == []


@pytest.mark.parametrize("text", ["- mitdb\n", "mitdb: [a]\n"])
def test_what_is_no_text_for_each_board_is_refused(root, text):
    (root / PATH).write_text(text)
    with pytest.raises(UserError, match="expected one text for each board"):
        notes("mitdb", root)


def test_a_board_that_is_not_there_is_refused(root):
    (root / PATH).write_text("mitbd: Read this.\n")
    with pytest.raises(UserError, match=r"'mitbd' is no board of params\.yaml"):
        notes("mitdb", root)
