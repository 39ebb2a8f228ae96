"""An author's afternoon: a skeleton that is a row at once, and a check that says in plain words
what is wrong."""

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.settings import ROOT
from tests.helpers.project import Project

PRETRAINED = """
import numpy as np

from methods.kit.contract.windows import read_windows, serve


def pretrain(call):
    train = read_windows(call.data / "train")
    assert not (call.data / "scenarios.json").exists() and call.task is None
    np.save(call.model / "level.npy", np.float32(train.signal.mean()))


def fit(call):
    np.save(call.model / "level.npy", np.load(call.pretrained / "level.npy"))


def predict(case, call):
    level = np.load(call.model / "level.npy") + np.linspace(0, 1, 2500, dtype=np.float32)
    return np.where(case.wanted(), level, case.signal)


serve(predict, fit, pretrain)
"""


@pytest.fixture
def project(made: Project) -> Project:
    return made


def test_the_skeleton_is_the_mean_control_and_keeps_the_contract(project):
    assert "wrote" in project.pqrst("new", "my-method")
    folder = project.root / "methods/my-method"
    assert json.loads((folder / "params.json").read_text()) == {"my-method": {}}
    assert (folder / "main.py").read_text() == (ROOT / "methods/mean/main.py").read_text()
    assert "my-method: keeps the contract" in project.pqrst("check", "my-method")
    project.pqrst("repro", "synthetic", "--jobs", "2")
    mean, mine = (
        json.loads(
            (project.root / f"leaderboard/scores/synthetic/{row}/forecasting-0.json").read_text()
        )
        for row in ("mean", "my-method")
    )
    assert mine["scenarios"] == mean["scenarios"] and (mine["family"], mean["family"]) == (
        "classical completion",
        "control",
    )
    assert "| my-method " in (project.root / "leaderboard/boards/synthetic/board.md").read_text()


def test_a_classifier_starts_from_another_skeleton(project):
    project.pqrst("new", "my-classifier", "--like", "prior")
    assert "keeps the contract" in project.pqrst("check", "my-classifier")


@pytest.mark.parametrize(
    ("name", "like", "message"),
    [
        ("mean", "mean", "there is a method of this name"),
        ("My_Method", "mean", "lower-case"),
        ("new", "x", "no method to start"),
    ],
)
def test_a_wrong_name_says_what_is_wrong(project, name, like, message):
    assert message in project.pqrst("new", name, "--like", like, check=False)
    assert not (project.root / "methods/My_Method").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "import numpy as np",
            "import numpi as np",
            "interpolation: crashed: predict points-75: exit status 1",
        ),
        ("return completed", "return completed[:-1]", "items too few"),
        ("return completed", "return completed[..., None]", "expected (12, 2, 2500)"),
        ("return completed", "completed[0] = np.nan\n    return completed", "not finite"),
        ("return completed", "return completed * 0", "is the constant 0 mV in every window"),
        (
            "import numpy as np",
            "import numpy as np\nfrom benchmarks import cases",
            "imports benchmarks",
        ),
    ],
)
def test_check_says_in_plain_words_what_is_wrong(project, old, new, message):
    project.edit("methods/mean/main.py", old, new)
    output = project.pqrst("check", "mean", check=False)
    assert message in output and "to mend" in output, output


def test_check_names_a_wrong_card(project):
    project.edit("methods/mean/method.yaml", "deterministic:", "determinstic:")
    output = project.pqrst("check", "mean", check=False)
    assert "did you mean 'deterministic'" in output


def test_a_method_that_pretrains_is_given_what_it_wrote(project):
    folder = project.root / "methods/pre"
    shutil.copytree(
        project.root / "methods/mean", folder, ignore=shutil.ignore_patterns("dvc.*", "source.json")
    )
    card = (
        (folder / "method.yaml")
        .read_text()
        .replace("name: mean", "name: pre")
        .replace("[predict]", "[pretrain, fit, predict]")
    )
    (folder / "method.yaml").write_text(card)
    (folder / "params.json").write_text('{"pre": {}}')
    (folder / "main.py").write_text(PRETRAINED)
    output = project.pqrst("check", "pre", check=False)
    assert "pre: keeps the contract" in output, output
    project.pqrst("sync")
    project.dvc("repro", "methods/pre/dvc.yaml:score@synthetic-pre")
    assert (project.root / "runs/synthetic/pre/pretrain/model/seed-0/level.npy").exists()
    document = json.loads(
        (project.root / "leaderboard/scores/synthetic/pre/forecasting-0.json").read_text()
    )
    assert document["status"] == "scored" and document["provenance"]["data"]["fit"]


def test_a_failed_pretraining_is_a_reason_of_every_cell(project):
    project.edit("methods/mean/method.yaml", "[predict]", "[pretrain, fit, predict]")
    assert (
        "interpolation: crashed: its pretraining failed: pretrain: exit status 1"
        in project.pqrst("check", "mean", check=False)
    )


def test_doctor_says_what_follows(project):
    output = project.pqrst("doctor")
    for what in ("Python", "torch", "cores", "disk", "container engine", "GPU", "mitdb"):
        assert what in output


def test_every_command_of_the_readme_exists():
    import re

    from typer.main import get_command

    from pqrst.cli import app

    known = get_command(app).commands  # type: ignore[attr-defined]
    text = (ROOT / "README.md").read_text() + "".join(
        p.read_text() for p in Path(ROOT / "methods").glob("*/README.md")
    )
    used = re.findall(r"pqrst ([a-z]+)((?: [^\s`]+)*)", text)
    assert used
    for verb, arguments in used:
        assert verb in known, verb
        options = {option for parameter in known[verb].params for option in parameter.opts}
        assert {word for word in arguments.split() if word.startswith("--")} <= options, (
            verb,
            arguments,
        )
