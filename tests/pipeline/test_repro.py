"""Real DVC: what reruns and what does not, alone and side by side, killed and started again."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from dvc_data.hashfile.tree import Tree

from pipeline.again import cheap
from pipeline.hashes import Hashes
from pipeline.report import conditions
from pipeline.stages import sync
from pipeline.state import read_locks, read_stages
from tests.helpers.project import BIN, Project

BOARD = "leaderboard/boards/synthetic/board.md"


def ran(project: Project) -> list[str]:
    """Run `pqrst repro` and give the stages that it ran, by a marker in each one's output."""
    before = {path: path.stat().st_mtime_ns for path in project.root.glob("runs/*/*/*/predictions")}
    before |= {
        path: path.stat().st_mtime_ns for path in project.root.glob("leaderboard/scores/*/*")
    }
    project.pqrst("repro", "synthetic", "--jobs", "2")
    after = [
        *project.root.glob("runs/*/*/*/predictions"),
        *project.root.glob("leaderboard/scores/*/*"),
    ]
    return sorted(
        str(path.relative_to(project.root))
        for path in after
        if before.get(path) != path.stat().st_mtime_ns
    )


def works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(folder)
    except psutil.Error:
        return False


def test_after_a_run_dvc_has_nothing_to_do(made):
    assert "# Leaderboard: synthetic" in (made.root / BOARD).read_text()
    assert made.stale() == set()
    before = made.results()
    output = made.dvc("repro", "leaderboard@synthetic")
    assert "Running stage" not in output and "up to date" in output
    assert made.results() == before
    assert "everything is up to date" in made.pqrst("repro", "synthetic")


def test_plain_dvc_makes_the_same_bytes_as_the_parallel_run(made_once, project):
    project.dvc("repro", "leaderboard@synthetic")
    assert project.results() == made_once.results()
    locked = {
        a: [o["md5"] for o in e["outs"]] for a, e in read_locks(project.root).items() if "run@" in a
    }
    parallel = {
        a: [o["md5"] for o in e["outs"]]
        for a, e in read_locks(made_once.root).items()
        if "run@" in a
    }
    assert {a: m[:2] for a, m in locked.items()} == {a: m[:2] for a, m in parallel.items()}


@pytest.mark.parametrize(
    ("path", "old", "new", "stale"),
    [
        ("methods/mean/main.py", "import numpy as np", "# a comment\n\nimport numpy as np", []),
        ("methods/mean/README.md", "# mean", "# The mean", []),
        (
            "methods/mean/main.py",
            "import numpy as np",
            "import numpy as np\n\nUNUSED = 1",
            ["mean"],
        ),
        ("methods/prior/params.json", '{"prior": {}}', '{"prior": {}, "another": {}}', ["another"]),
        (
            "methods/kit/contract/call.py",
            "import sys",
            "import sys\n\nUNUSED = 1",
            ["mean", "linear", "prior"],
        ),
        (
            "methods/kit/contract/windows.py",
            "import numpy as np",
            "import numpy as np\n\nUNUSED = 1",
            ["mean", "linear"],
        ),
        (
            "methods/kit/contract/records.py",
            "import numpy as np",
            "import numpy as np\n\nUNUSED = 1",
            ["prior"],
        ),
        ("methods/mean/Dockerfile", "FROM", "# a comment\nFROM", []),
        ("methods/mean/Dockerfile", "ADD", "LABEL a=b\nADD", ["mean"]),
        ("containers/base/light.lock", "numpy==", "numpy==1", ["mean", "linear", "prior"]),
        ("leaderboard/scoring/documents.py", "DIGITS = 6", "DIGITS = 7", []),
    ],
)
def test_what_reruns_is_what_was_changed(made, path, old, new, stale):
    made.edit(path, old, new)
    sync(made.root)
    changed = [
        address for address, each in conditions("synthetic", made.root).items() if not each.current
    ]
    cells = {
        each.split("run@synthetic-")[1].rsplit("-", 1)[0] for each in changed if "run@" in each
    }
    assert cells == set(stale), changed


def test_the_prose_of_a_card_makes_the_board_again_and_no_row(made):
    made.edit("methods/mean/method.yaml", 'departures: ""', "departures: None.")
    sync(made.root)
    found = conditions("synthetic", made.root).items()
    assert [address for address, each in found if not each.current] == ["leaderboard@synthetic"]


def test_the_fast_checker_agrees_with_dvc(made):
    addresses = [a for a in read_stages(made.root) if "synthetic" in a]

    def compare() -> set[str]:
        theirs = made.stale()
        found = conditions("synthetic", made.root)
        assert {a for a, each in found.items() if not each.current} == theirs
        return theirs

    assert set(conditions("synthetic", made.root)) == set(addresses)
    assert compare() == set()
    changes = [
        lambda: made.edit("params.yaml", "seed: 20261101", "seed: 20261109"),
        lambda: made.edit("params.yaml", "seed: 20261109", "seed: 20261101  # the same"),
        lambda: made.edit(
            "leaderboard/scores/synthetic/mean/forecasting-0.json", '"scored"', '"Scored"'
        ),
        lambda: shutil.rmtree(made.root / "runs/synthetic/linear/forecasting/model"),
        lambda: (made.root / "data/boards/synthetic/fit/more.npy").write_text("x"),
        lambda: made.edit(
            "dvc.yaml", "cmd: pqrst leaderboard ${item}", "cmd: pqrst  leaderboard ${item}"
        ),
        lambda: made.edit("methods/mean/params.json", "{}", '{"x": 1}'),
        lambda: (made.root / BOARD).unlink(),
    ]
    counts = []
    for change in changes:
        change()
        counts.append(len(compare()))
    assert counts[0] > 0 and counts[1] == 0 and counts == [counts[0], 0, *sorted(counts[2:])]


def test_a_method_that_fails_is_a_row_with_a_reason_and_the_board_is_made(made):
    made.edit(
        "methods/linear/main.py",
        "serve(",
        "raise SystemExit('my <b>library</b> is | missing')\nserve(",
    )
    assert "0 failed" in made.pqrst("repro", "synthetic", "--jobs", "2")
    board = (made.root / BOARD).read_text()
    assert (
        r"**crashed**: predict points-75: exit status 1: my &lt;b>library&lt;/b> is \| missing"
        in board
    )
    document = json.loads(
        (made.root / "leaderboard/scores/synthetic/linear/forecasting-0.json").read_text()
    )
    assert document["status"] == "crashed" and document["scenarios"] == {}
    assert "3 crashed" in board


def test_a_fresh_clone_has_nothing_to_do_and_refuses_to_repeat_what_was_costly(made, tmp_path):
    for folder in ("data", "runs", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(made.root / folder)
    before = made.results()
    assert "everything is up to date" in made.pqrst("repro", "synthetic")
    assert "up to date" in made.pqrst("status", "synthetic")
    assert "didn't change, skipping" in made.dvc(
        "repro", "--allow-missing", "leaderboard@synthetic"
    )
    made.edit("leaderboard/scoring/documents.py", "DIGITS = 6", "DIGITS = 5")
    refused = made.pqrst("repro", "synthetic", check=False)
    assert (
        "is not here. Bring it: dvc pull; or make it again: pqrst repro synthetic --again missing"
        in refused
    )
    assert made.results() == before, "what was committed must not be lost"
    made.edit("leaderboard/scoring/documents.py", "DIGITS = 5", "DIGITS = 6")
    made.pqrst("repro", "synthetic", "--again", "missing", "--jobs", "2")
    assert {k: v for k, v in made.results().items() if k in before} == before


def test_a_changed_scorer_brings_predictions_back_from_the_cache(made):
    shutil.rmtree(made.root / "runs")
    made.edit("leaderboard/scoring/documents.py", "DIGITS = 6", "DIGITS = 5")
    changed = ran(made)
    assert [path for path in changed if path.startswith("leaderboard/scores/synthetic/mean")]
    assert made.stale() == set()


@pytest.mark.parametrize(
    ("how", "moment"),
    [
        ("pqrst", "runs/synthetic/*/*.tmp"),
        ("pqrst", "leaderboard/scores/*/*"),
        ("dvc", "runs/synthetic/*/*.tmp"),
    ],
    ids=["a cell runs", "scores are written", "a cell runs under dvc"],
)
def test_killed_and_started_again_gives_the_same_bytes(made_once, project, how, moment):
    command = {
        "pqrst": [str(BIN / "python"), "-m", "pqrst.cli", "repro", "synthetic", "--jobs", "2"],
        "dvc": [str(BIN / "dvc"), "repro", "leaderboard@synthetic"],
    }[how]
    process = project.start(*command)
    while not list(project.root.glob(moment)):
        assert process.poll() is None, f"the run ended before {moment} was there"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    time.sleep(0.5)
    assert not [each for each in psutil.process_iter() if works_in(each, project.root)], (
        "a stage outlived the run"
    )
    again = project.run(*command, check=False)
    if (
        again.returncode and how == "dvc"
    ):  # DVC may be killed while it writes its own lock, and can't mend that
        assert "rwlock" in again.stderr and "had left cut short" in project.pqrst(
            "status", check=False
        )
        again = project.run(*command, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert project.results() == made_once.results()
    assert project.stale() == set()


@pytest.mark.parametrize("command", [("status", "synthetic"), ("repro", "synthetic")])
def test_a_lock_that_a_killed_dvc_left_cut_is_mended(made, command):
    lock = made.root / ".dvc/tmp/rwlock"
    lock.write_text('{"/some/path": {"wri')
    assert "rwlock" in made.dvc("repro", "leaderboard@synthetic", check=False)
    assert "which a killed DVC had left cut short" in made.pqrst(*command).replace("\n", " ")
    assert "up to date" in made.dvc("repro", "leaderboard@synthetic")
    lock.write_text("{}")
    assert "cut short" not in made.pqrst(*command)


def test_two_at_once_lose_nothing(made_once, project):
    command = [sys.executable, "-m", "pqrst.cli", "repro", "synthetic", "--jobs", "2"]
    both = [project.start(*command) for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("waiting for it to end" in output for output in outputs) == 1
    assert sum("everything is up to date" in output for output in outputs) == 1
    assert project.results() == made_once.results()


def test_a_stage_whose_input_changes_while_it_runs_is_not_recorded(made):
    made.edit(
        "methods/mean/main.py",
        "import numpy as np",
        "import time\n\nimport numpy as np\n\ntime.sleep(2)",
    )
    process = made.start(sys.executable, "-m", "pqrst.cli", "repro", "synthetic", "--jobs", "1")
    begin = time.monotonic()
    while not list(made.root.glob("runs/synthetic/mean/*.tmp")) and time.monotonic() - begin < 60:
        time.sleep(0.05)
    made.edit("methods/mean/source.json", '"method": "', '"method": "0')
    output = process.communicate()[0]
    assert process.returncode == 1 and "changed while it ran" in output


def test_a_cut_lock_is_explained(made):
    path = made.root / "methods/mean/dvc.lock"
    path.write_text("schema: '2.0'\nstages:\n  run@synth: [")
    output = made.pqrst("status", "synthetic", check=False)
    assert "methods/mean/dvc.lock: cut short or not YAML" in output and "git checkout" in output


def test_cheap_rows_run_again_to_the_same_bytes(made):
    def found(minutes: float) -> set[str]:
        return {
            address.split("@")[1].split("-")[1]
            for address in cheap("synthetic", minutes, made.root)
        }

    assert found(1e-4) == {"oracle"} and found(60) == {"oracle", "mean", "linear", "prior"}
    results, predictions = (
        made.results(),
        made.root / "runs/synthetic/linear/forecasting/predictions",
    )
    before = predictions.stat().st_mtime_ns
    made.pqrst("repro", "synthetic", "--again", "60")
    assert predictions.stat().st_mtime_ns > before
    assert made.results() == results


def test_a_spot_check_makes_a_run_again_under_plain_dvc(made):
    output = made.pqrst("repro", "synthetic", "--spot-check")
    assert output.count("came out the same") == 2 and "DIFFERS" not in output


def test_hashes_are_those_of_dvc(made):
    hashes = Hashes(made.root)
    for lock in read_locks(made.root).values():
        for entry in (*lock.get("deps", []), *lock.get("outs", [])):
            assert hashes.of(entry["path"]) == entry["md5"]


def test_folders_are_ordered_as_dvc_orders_them(tmp_path):
    """A row whose name begins with another's and a dash sorts before what lies in that one."""
    for name in ("mae/a.json", "mae-linear/a.json", "mae.txt", "b/c/d"):
        (tmp_path / "scores" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scores" / name).write_text(name)
    hashes = Hashes(tmp_path)
    files = [
        path.relative_to(tmp_path).as_posix()
        for path in (tmp_path / "scores").rglob("*")
        if path.is_file()
    ]
    tree = Tree.from_list(
        [{"md5": hashes.of(path), "relpath": path.removeprefix("scores/")} for path in files]
    )
    tree.digest()
    assert tree.hash_info is not None and hashes.of("scores") == tree.hash_info.value


@pytest.mark.parametrize(
    "value", [1e-05, 3.0, "1e-05", "no", "on", None, True, [1, 2.5], "0123", "~", {"a": 1e-20}]
)
def test_params_read_from_a_lock_are_what_dvc_wrote(tmp_path, value):
    from dvc.utils.serialize import dump_yaml

    lock = {"schema": "2.0", "stages": {"a": {"cmd": "x", "params": {"p.json": {"k": value}}}}}
    dump_yaml(tmp_path / "dvc.lock", lock)
    assert read_locks(tmp_path)["a"]["params"]["p.json"]["k"] == value


def test_what_is_committed_is_current():
    """The project itself: no committed score is older than the sources that it names."""
    assert {
        address: each.changes for address, each in conditions(None).items() if each.changes
    } == {}
