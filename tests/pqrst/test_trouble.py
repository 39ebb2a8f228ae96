"""A mistake on the command line, or data that is not there, is one line that names the way out."""

import sys

import pytest

from pqrst import cli, trouble


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run nosuch mean forecasting", "params.yaml: no board 'nosuch'; known: "),
        ("run synthetic mean forcasting", "row 'mean' does not do 'forcasting'; its tasks: "),
        ("pretrain synthetic mean", "row 'mean' has no pretraining of its own; its card's verbs: "),
        ("score nosuch mean", "params.yaml: no board 'nosuch'; known: "),
        ("history synthetic linaer", "did you mean 'linear'?"),
        ("leaderboard synthetik", "did you mean 'synthetic'?"),
        ("show nosuch", "params.yaml: no board 'nosuch'; known: "),
        ("curves synthetic nosuch", "no row 'nosuch' in any methods/*/params.json; known: "),
        ("status nosuch", "params.yaml: no board 'nosuch'; known: "),
        ("repro synthetic --again often", "--again is 'often', expected missing, "),
        ("repro synthetic --again=-1", "--again is '-1', expected missing, "),
        ("repro synthetic --again nan", "--again is 'nan', expected missing, "),
        ("reproduce x/y/z", "params.yaml: no board 'x'; known: "),
    ],
)
def test_a_wrong_argument_is_one_line_with_the_way_out(command, said, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pqrst", *command.split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    text = str(ended.value.code)
    assert text.startswith("pqrst: ") and said in text and "\n" not in text


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("data/raw/mitdb/100.dat", "pqrst fetch mitdb"),
        ("data/records/mitdb/splits.json", "pqrst records mitdb"),
        ("data/boards/synthetic/truth/scale.npy", "pqrst cases synthetic"),
        ("runs/synthetic/mean/forecasting/status/seed-0.json", "pqrst repro synthetic"),
    ],
)
def test_a_missing_file_comes_with_the_command_that_makes_it(path, command):
    file = trouble.ROOT / path
    for error in (
        FileNotFoundError(2, "No such file or directory", str(file)),
        cli.UserError(f"{file}: there is no such file"),
    ):
        assert trouble.message(error) == f"{path}: not made yet; make it: {command}"


def test_another_error_is_said_as_it_is():
    assert trouble.message(cli.UserError("a key: wrong")) == "a key: wrong"
    elsewhere = FileNotFoundError(2, "No such file or directory", "/elsewhere/a")
    assert trouble.message(elsewhere) == str(elsewhere)
