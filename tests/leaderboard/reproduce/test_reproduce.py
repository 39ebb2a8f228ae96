"""A published run made again, for real: the verdicts, what is left untouched, and what is trouble
and no verdict."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks.errors import UserError
from benchmarks.metrics.table import METRICS
from benchmarks.settings import Row, rows
from containers.calls.runs import make_pretraining
from leaderboard.reproduce.published import find, runs_of
from leaderboard.reproduce.reproduce import reproduce as reproduce_here
from leaderboard.reproduce.verdict import (
    Difference,
    Verdict,
    compare_scores,
    judge,
    print_verdict,
)
from leaderboard.scoring.documents import ScenarioScore, ScoreDocument
from pipeline.again import failed
from tests.helpers.project import BIN, Project

IDENTICAL, WITHIN, DRIFTED, TROUBLE = 0, 3, 4, 1
RECORDED = "leaderboard/reproduced.json"


def reproduce(project: Project, target: str, *options: str, **environment: str) -> tuple[int, str]:
    """Exit status and output of `pqrst reproduce`."""
    changes = [f"{key}={value}" for key, value in environment.items()]
    result = project.run(
        "env",
        *changes,
        str(BIN / "python"),
        "-m",
        "pqrst.cli",
        "reproduce",
        target,
        *options,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def untouched(root: Path) -> dict[str, bytes]:
    """Every byte that making a run again must leave as it is."""
    found = [root / "dvc.lock", *root.glob("methods/*/dvc.lock")]
    found += [
        path for folder in ("runs", "leaderboard", "data") for path in (root / folder).rglob("*")
    ]
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in found
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.parametrize(
    "target",
    [
        "synthetic/mean/forecasting",
        "synthetic/prior/classification",
        "synthetic/oracle/interpolation",
    ],
)
def test_a_cell_comes_out_the_same_and_nothing_is_touched(made_once, target):
    before = untouched(made_once.root)
    status, output = reproduce(made_once, target)
    assert (status, output.splitlines()[-1]) == (IDENTICAL, f"{target}: identical"), output
    assert untouched(made_once.root) == before


def test_the_data_is_made_again_and_must_be_the_recorded_one(made):
    """As on a fresh clone, which holds what git does."""
    for folder in ("data", "runs", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(made.root / folder)
    before = untouched(made.root)
    status, output = reproduce(made, "synthetic/linear/interpolation")
    assert status == IDENTICAL, output
    assert "making data/boards/synthetic/fit" in output, output
    assert {
        path: data for path, data in untouched(made.root).items() if not path.startswith("data/")
    } == before
    assert not (made.root / "runs").exists()
    assert "everything is up to date" in made.pqrst("repro", "synthetic")


def test_changed_data_is_trouble_and_no_verdict(made):
    (made.root / "data/boards/synthetic/predict/forecasting/more.npy").write_bytes(b"x")
    status, output = reproduce(made, "synthetic/mean/forecasting")
    assert status == TROUBLE, output
    assert "data/boards/synthetic/predict/forecasting is" in output, output
    assert "but the published run was made from" in output
    assert "to have it made again" in output


def test_other_sources_are_a_drift_whatever_comes_out(made):
    made.edit("methods/mean/main.py", "import numpy as np", "import numpy as np\n\nUNUSED = 1")
    status, output = reproduce(made, "synthetic/mean/forecasting")
    assert status == DRIFTED, output
    assert "the sources of methods/mean are not those that made the run" in output
    assert "beyond" not in output
    made.edit(
        "methods/mean/main.py", "= level(signal[lead])", "= np.cos(np.arange(wanted[lead].sum()))"
    )
    status, output = reproduce(made, "synthetic/mean/forecasting")
    assert status == DRIFTED, output
    assert "figures are beyond their tolerance" in output, output


def test_a_score_that_was_edited_is_a_drift(made):
    path = made.root / "leaderboard/scores/synthetic/linear/forecasting-0.json"
    document = json.loads(path.read_text())
    document["scenarios"]["forecast-20"]["metrics"]["warped_nrmse"] *= 0.999
    path.write_text(json.dumps(document))
    status, output = reproduce(made, "synthetic/linear/forecasting")
    assert status == DRIFTED and "is not what its lock records: it was edited by hand" in output, (
        output
    )
    assert "1 of " in output
    assert "the first seed 0: forecast-20 warped nRMSE" in output


def published_elsewhere(project: Project, error_mv: float) -> None:
    """Publish predictions of `linear` that are off by a little, as another machine's might be."""
    cell = project.root / "runs/synthetic/linear/forecasting/predictions/seed-0"
    for path in cell.glob("*.npy"):
        values = np.load(path)
        np.save(
            path,
            values + np.where(np.arange(values.size) % 2, error_mv, -error_mv).astype(values.dtype),
        )
    project.dvc("commit", "--force", "methods/linear/dvc.yaml:run@synthetic-linear-forecasting")
    project.pqrst("repro", "synthetic")


def test_other_bytes_and_close_figures_are_within_tolerance(made):
    published_elsewhere(made, 5e-4)
    status, output = reproduce(made, "synthetic/linear/forecasting", "--record")
    assert status == WITHIN, output
    assert output.count("predictions") == 1, output
    assert "the bytes are not the same, all figures are close" in output
    entry = json.loads((made.root / RECORDED).read_text())["synthetic/linear/forecasting"]
    assert entry["verdict"] == "within tolerance"


def test_a_verdict_is_recorded_and_shown(made):
    target = "synthetic/mean/forecasting"
    status, output = reproduce(made, target, "--record")
    assert status == IDENTICAL and "pqrst repro synthetic" in output
    entry = json.loads((made.root / RECORDED).read_text())[target]
    document = json.loads(
        (made.root / "leaderboard/scores/synthetic/mean/forecasting-0.json").read_text()
    )
    assert entry["verdict"] == "identical"
    assert entry["runner"] == "host"
    assert entry["hardware"]
    assert entry["key"] == document["provenance"]["key"]
    made.pqrst("repro", "synthetic")
    board = made.root / "leaderboard/boards/synthetic/board.md"
    assert board.read_text().count(f"identically {entry['date']}") == 1
    assert made.stale() == set()
    assert "are current" in made.pqrst("verify")


def test_a_row_is_made_again_whole_and_later_only_what_is_new(made):
    tasks = {"interpolation", "reconstruction", "forecasting"}
    status, output = reproduce(made, "synthetic/mean", "--record")
    assert status == IDENTICAL and {
        each.partition(":")[0] for each in output.splitlines() if "identical" in each
    } == {f"synthetic/mean/{task}" for task in tasks}
    status, output = reproduce(made, "synthetic/prior", "synthetic/mean", "--new", "--record")
    assert status == IDENTICAL and re.findall(r"making (\S+) again", output) == [
        "synthetic/prior/classification"
    ]
    assert reproduce(made, "synthetic/prior", "--new") == (IDENTICAL, "")


def test_a_board_names_every_cell_of_its_rows(made_once):
    found = runs_of("synthetic", made_once.root)
    assert len(set(found)) == len(found) and "synthetic/prior/forecasting" not in found
    assert {
        "synthetic/oracle/forecasting",
        "synthetic/mean/forecasting",
        "synthetic/prior/classification",
    } < set(found)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("synthetic/mean", "expected BOARD/ROW/TASK"),
        ("sinthetic/mean/forecasting", "no board 'sinthetic', did you mean 'synthetic'"),
        ("synthetic/meen/forecasting", "no row 'meen' in any methods/.*, did you mean 'mean'"),
        (
            "synthetic/prior/forecasting",
            "prior does not do 'forecasting'; its tasks: classification",
        ),
        ("mitdb/mean/forecasting", "was never published.* pqrst repro mitdb"),
    ],
)
def test_what_is_no_published_cell(made_once, target, message):
    with pytest.raises(UserError, match=message):
        find(target, made_once.root)


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        ([], {"PQRST_PATIENCE": "x"}, "PQRST_PATIENCE is 'x'"),
        (["--runner", "podman"], {}, "the runner is 'podman', expected one of docker, host"),
        (
            ["--runner", "docker"],
            {"DOCKER_HOST": "unix:///no/engine"},
            "no container engine answers",
        ),
    ],
)
def test_trouble_is_no_verdict(made_once, options, environment, message):
    status, output = reproduce(made_once, "synthetic/mean/forecasting", *options, **environment)
    assert status == TROUBLE, output
    assert message in output, output


def test_a_cell_that_is_too_slow_here_is_trouble_and_says_the_way_out(made_once):
    status, output = reproduce(made_once, "synthetic/mean/forecasting", PQRST_PATIENCE="0.00001")
    assert status == TROUBLE, output
    assert "still running after its limit" in output
    assert "PQRST_PATIENCE=4" in output


PRETRAIN = """
def pretrain(call: Call) -> None:
    windows = np.load(call.data / "train/windows.npy", mmap_mode="r")
    counts = len(windows) * np.ones(len(CLASSES))
    (call.model / "shares.json").write_text(json.dumps((counts / counts.sum()).tolist()))


def fit(call: Call) -> None:
    (call.model / "shares.json").write_bytes((call.pretrained / "shares.json").read_bytes())


def predict("""


def test_the_pretraining_is_taken_from_here_from_the_cache_or_made_again(made):
    target, pretraining = (
        "synthetic/prior/classification",
        made.root / "runs/synthetic/prior/pretrain",
    )
    made.edit(
        "methods/prior/method.yaml", "verbs: [fit, predict]", "verbs: [pretrain, fit, predict]"
    )
    made.edit("methods/prior/main.py", "def predict(", PRETRAIN.lstrip())
    made.edit("methods/prior/main.py", "serve(predict, fit)", "serve(predict, fit, pretrain)")
    made.pqrst("repro", "synthetic")
    before = untouched(made.root)
    status, output = reproduce(made, target)
    assert status == IDENTICAL, output
    shutil.rmtree(pretraining)
    status, output = reproduce(made, target)
    assert status == IDENTICAL, output
    assert not pretraining.exists(), output
    shutil.rmtree(made.root / ".dvc/cache")
    status, output = reproduce(made, target)
    assert status == TROUBLE, output
    assert "is not here; bring it: dvc pull; or make it again: --pretraining" in output
    status, output = reproduce(made, target, "--pretraining")
    assert status == IDENTICAL, output
    assert not pretraining.exists(), output
    after = untouched(made.root)
    assert {path: data for path, data in before.items() if "pretrain" not in path} == after


def test_rows_of_one_pretraining_make_it_again_once(made, monkeypatch):
    made.edit(
        "methods/prior/method.yaml",
        "verbs: [fit, predict]",
        "verbs: [pretrain, fit, predict]\nprobes: {frozen: prior}",
    )
    made.edit("methods/prior/params.json", '{"prior": {}}', '{"prior": {}, "frozen": {}}')
    made.edit("methods/prior/main.py", "def predict(", PRETRAIN.lstrip())
    made.edit("methods/prior/main.py", "serve(predict, fit)", "serve(predict, fit, pretrain)")
    made.pqrst("repro", "synthetic")
    pretrained = []

    def count(row: Row, *rest: Any) -> None:
        pretrained.append(row.name)
        make_pretraining(row, *rest)

    monkeypatch.setattr("leaderboard.reproduce.making.make_pretraining", count)
    found = reproduce_here(
        ["synthetic/prior", "synthetic/frozen"], pretraining_too=True, root=made.root, runner="host"
    )
    assert [verdict.word for verdict in found] == ["identical", "identical"]
    assert pretrained == ["prior"]


# What decides


def document(**metrics: float | None) -> ScoreDocument:
    gap = ScenarioScore(status="scored", metrics=metrics)
    return ScoreDocument.model_construct(seed=0, status="scored", scenarios={"gap-10": gap})


@pytest.mark.parametrize(
    ("metric", "learned", "close", "far"),
    [
        ("warped_nrmse", False, 0.5004, 0.5006),
        ("warped_nrmse", True, 0.509, 0.511),
        ("macro_f1", False, 0.5009, 0.5011),
        ("macro_f1", True, 0.519, 0.521),
    ],
)
def test_a_figure_is_close_or_beyond(metric, learned, close, far):
    for value, fine in ((0.5, True), (close, True), (far, False)):
        (found,) = compare_scores(
            document(**{metric: 0.5}), document(**{metric: value}), learned, False
        )
        assert found.fine is fine, value
    (found,) = compare_scores(
        document(**{metric: 0.5}), document(**{metric: 0.50001}), learned, True
    )
    assert found.fine is False, "the same predictions have the same score"


def test_what_is_not_named_decides_nothing():
    assert METRICS["f1_F"].tolerance is None
    (found,) = compare_scores(document(f1_F=0.2), document(f1_F=0.9), True, False)
    assert found.fine is None
    assert judge([found], False, [])[0] == "within tolerance"


def test_an_undefined_figure_is_no_number():
    (found,) = compare_scores(document(nrmse=0.2), document(nrmse=None), True, False)
    assert found.fine is False
    (found,) = compare_scores(document(nrmse=None), document(nrmse=None), True, False)
    assert found.fine is True


def test_another_ending_is_a_drift():
    crashed = ScoreDocument.model_construct(seed=0, status="crashed", scenarios={})
    found = compare_scores(document(nrmse=0.2), crashed, True, False)
    assert found[0] == Difference("seed 0: status", "scored", "crashed", False)
    assert judge(found, False, [])[0] == "drifted"


def test_what_a_machine_calls_itself_is_no_markup():
    environment = [Difference("cpu", "[bold]another", "this"), Difference("cores", 2, 2)]
    verdict = Verdict(
        "b/r/t", "drifted", ["[red]why[/]"], environment, [], "key", "hardware", "host"
    )
    console = Console(width=100)
    with console.capture() as shown:
        print_verdict(verdict, console)
    assert (
        re.search(r"cpu +\[bold\]another +this +differs", shown.get())
        and "- [red]why[/]" in shown.get()
    )
    assert shown.get().splitlines()[-1] == "b/r/t: drifted"


# Freshness and retries


def test_verify_needs_no_data_and_names_what_is_not_current(made):
    for folder in ("data", "runs", ".dvc/cache"):
        shutil.rmtree(made.root / folder)
    before = untouched(made.root)
    assert "sources, locks and boards" in made.pqrst("verify")
    assert untouched(made.root) == before
    board = made.root / "leaderboard/boards/synthetic/board.md"
    board.write_text(board.read_text().replace("| linear", "| Linear"))
    made.edit("methods/mean/main.py", "import numpy as np", "import numpy as np\n\nUNUSED = 1")
    made.edit(
        "leaderboard/scores/synthetic/prior/classification-0.json", '"reason": ""', '"reason": "x"'
    )
    lock = made.root / "dvc.lock"
    lock.write_text(lock.read_text() + "  control@synthetic-gone:\n    cmd: x\n")
    output = made.pqrst("verify", check=False)
    for expected in (
        "methods/mean/source.json is not current: pqrst sync",
        "leaderboard@synthetic: leaderboard/scores/synthetic changed",
        "leaderboard/boards/synthetic/board.md is not what the stage made",
        "control@synthetic-gone: an orphan: a dvc.lock records it",
        "leaderboard/scores/synthetic/prior: is not what its stage recorded: edited by hand",
    ):
        assert expected in output, output
    assert made.run(str(BIN / "python"), "-m", "pqrst.cli", "verify", check=False).returncode == 1
    assert "took out control@synthetic-gone" in made.pqrst("sync", "--prune")
    assert "gone" not in made.pqrst("verify", check=False)


def test_a_board_that_its_scores_do_not_give_is_named(made):
    board = made.root / "leaderboard/boards/synthetic/board.md"
    board.write_text(board.read_text().replace("| linear", "| Linear"))
    made.dvc("commit", "--force", "leaderboard@synthetic")
    output = made.pqrst("verify", check=False)
    assert (
        "leaderboard/boards/synthetic/board.md is not what the scores give: pqrst repro synthetic"
        in output
    )
    assert "1 things are not current" in output


def statuses(project: Project, row: str) -> list[str]:
    paths = sorted((project.root / "leaderboard/scores/synthetic" / row).glob("*-0.json"))
    return [json.loads(path.read_text())["status"] for path in paths]


def test_a_cell_that_failed_by_our_own_trouble_is_run_again(made):
    made.edit("methods/linear/main.py", "import numpy as np", "import numpy as np\n\nUNUSED = 1")
    made.run(
        "env", "PQRST_PATIENCE=x", str(BIN / "python"), "-m", "pqrst.cli", "repro", "synthetic"
    )
    assert statuses(made, "linear") == ["not-applicable", *["infrastructure"] * 3]
    assert "everything is up to date" in made.pqrst("repro", "synthetic")
    others = {
        path: data
        for path, data in made.results().items()
        if "linear" not in path and "boards" not in path
    }
    output = made.pqrst("repro", "synthetic", "--again", "failed", "--jobs", "2")
    assert statuses(made, "linear") == ["not-applicable", *["scored"] * 3], output
    assert (
        output.count("made methods/linear/dvc.yaml:run@") == 3
        and "run@synthetic-mean" not in output
    )
    assert others.items() <= made.results().items()
    assert made.stale() == set()
    assert "everything is up to date" in made.pqrst("repro", "synthetic", "--again", "failed")


def test_a_method_that_failed_is_run_again_when_asked(made):
    for path in (made.root / "leaderboard/scores/synthetic/linear").glob("[fi]*-0.json"):
        path.write_text(path.read_text().replace('"status": "scored"', '"status": "crashed"', 1))
    addresses = [
        f"methods/linear/dvc.yaml:run@synthetic-linear-{task}"
        for task in ("forecasting", "interpolation")
    ]
    assert failed("synthetic", every=False, root=made.root) == {}
    assert failed("synthetic", every=True, root=made.root) == dict.fromkeys(addresses, "crashed")
    (made.root / "leaderboard/scores/synthetic/mean/forecasting-0.json").write_text("{")
    with pytest.raises(
        UserError, match=r"mean/forecasting-0.json: no score document.*git checkout"
    ):
        failed("synthetic", every=True, root=made.root)


def test_a_pretraining_that_failed_is_run_again_with_what_was_fitted_on_it(made):
    made.edit(
        "methods/prior/method.yaml", "verbs: [fit, predict]", "verbs: [pretrain, fit, predict]"
    )
    made.pqrst("sync")
    made.edit(
        "leaderboard/scores/synthetic/prior/classification-0.json", '"scored"', '"infrastructure"'
    )
    cell = {"methods/prior/dvc.yaml:run@synthetic-prior-classification": "infrastructure"}
    rows.cache_clear()
    assert failed("synthetic", root=made.root) == cell
    status = made.root / "runs/synthetic/prior/pretrain/status/seed-0.json"
    status.parent.mkdir(parents=True)
    status.write_text('{"kind": "infrastructure"}')
    assert failed("synthetic", root=made.root) == {
        **cell,
        "methods/prior/dvc.yaml:pretrain@synthetic-prior": "infrastructure",
    }
