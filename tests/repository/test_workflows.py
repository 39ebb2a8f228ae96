"""The workflows: least rights, pinned actions, and no command but those that exist and are proven
here."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from benchmarks.settings import ROOT, settings
from pqrst.cli import app

FOLDER = ROOT / ".github/workflows"
NAMES = ("pull-request", "release", "nightly")
PERMISSIONS = {
    ("pull-request", "tests"): {"contents": "read"},
    ("pull-request", "board"): {"contents": "read"},
    ("nightly", "reproduce"): {"contents": "read"},
    ("nightly", "propose"): {"contents": "write", "pull-requests": "write"},
    ("release", "board"): {"contents": "read"},
    ("release", "images"): {"contents": "read", "packages": "write"},
    ("release", "site"): {"contents": "read"},
    ("release", "page"): {"pages": "write", "id-token": "write"},
    ("release", "attach"): {"contents": "write"},
}
PINNED = re.compile(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) | {
    ".venv/.ready"
}
COMMANDS: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def text(name: str) -> str:
    return (FOLDER / f"{name}.yml").read_text()


def jobs(name: str) -> dict[str, Any]:
    return yaml.safe_load(text(name))["jobs"]


def runs() -> list[tuple[str, str]]:
    """Every `run` line of every workflow, with where it stands."""
    return [
        (f"{name}/{job}", line)
        for name in NAMES
        for job, each in jobs(name).items()
        for step in each["steps"]
        for line in step.get("run", "").splitlines()
    ]


def script_lines(script: str) -> list[tuple[str, str]]:
    """The lines of a script of .ci that call pqrst, from that call on."""
    found = [line.strip() for line in (ROOT / ".ci" / script).read_text().splitlines()]
    calls = [
        re.search(r"(?:^|\()(pqrst [^)|]*)", line) for line in found if not line.startswith("#")
    ]
    return [(script, call[1]) for call in calls if call]


def commands(line: str) -> list[list[str]]:
    """The commands of a shell line, each as its words."""
    words = list(shlex.shlex(line, posix=True, punctuation_chars="|&;<>"))
    found: list[list[str]] = [[]]
    for word in words:
        if set(word) <= set("|&;"):
            found.append([])
        else:
            found[-1].append(word)
    return found


def test_there_are_no_others():
    assert {path.stem for path in FOLDER.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_github_s_own_and_pinned_by_commit(name):
    uses = re.findall(r"uses: (.*)", text(name))
    assert uses and all(PINNED.fullmatch(each) for each in uses), uses
    versions: dict[str, set[str]] = {}
    for other in NAMES:
        for action, pin in re.findall(r"uses: ([^@]*)@(.*)", text(other)):
            versions.setdefault(action, set()).add(pin)
    assert all(len(pins) == 1 for pins in versions.values()), versions


@pytest.mark.parametrize("name", NAMES)
def test_rights_are_none_but_those_listed_here(name):
    found = yaml.safe_load(text(name))
    assert found["permissions"] == {}
    assert {(name, job): each["permissions"] for job, each in found["jobs"].items()} == {
        key: value for key, value in PERMISSIONS.items() if key[0] == name
    }
    assert all("timeout-minutes" in each for each in found["jobs"].values())


def test_a_job_that_runs_methods_can_write_nothing():
    for name in NAMES:
        for job, each in jobs(name).items():
            lines = " ".join(step.get("run", "") for step in each["steps"])
            if re.search(r"pqrst (check|repro|reproduce)|\.ci/nightly|make test", lines):
                assert set(each["permissions"].values()) == {"read"}, f"{name}/{job}"


@pytest.mark.parametrize("name", NAMES)
def test_only_the_job_that_pushes_keeps_credentials(name):
    for job, each in jobs(name).items():
        for step in each["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is (
                    (name, job) == ("nightly", "propose")
                )


def test_a_pull_request_sees_no_secret():
    found = yaml.safe_load(text("pull-request"))
    assert found[True] == "pull_request"  # YAML 1.1 reads `on` as true
    assert "secrets" not in text("pull-request") and "token" not in text("pull-request").lower()
    for name in NAMES:
        assert "pull_request_target" not in text(name) and "workflow_run" not in text(name)


@pytest.mark.parametrize(("place", "line"), runs())
def test_lines_hold_no_expression(place, line):
    """What a stranger may name, such as a branch, reaches the shell through the environment
    alone."""
    assert "${{" not in line


@pytest.mark.parametrize(("place", "line"), [*runs(), *script_lines("nightly")])
def test_every_command_exists(place, line):
    for words in commands(line):
        program, *arguments = words
        if program == "pqrst":
            command = COMMANDS[arguments[0]]
            known = {
                option
                for parameter in command.params
                for option in (*parameter.opts, *parameter.secondary_opts)
            }
            assert {word for word in arguments[1:] if word.startswith("--")} <= known
            boards = [word for word in arguments[1:] if word in settings().boards]
            assert (
                "board" not in {parameter.name for parameter in command.params}
                or boards
                or "$" in line
            )
        elif program == "make":
            assert {word for word in arguments if "=" not in word} <= TARGETS
        elif program == "bash":
            script = ROOT / arguments[0]
            assert arguments[0].startswith(".ci/") and script.exists()
            assert arguments[0] != ".ci/publish" or f"\n{arguments[1]}() {{" in script.read_text()
        else:
            assert program in ("tee", "dvc")


def test_artifacts_that_are_fetched_were_made():
    for name in NAMES:
        steps = [step for each in jobs(name).values() for step in each["steps"]]
        made = [
            step["with"]["name"] for step in steps if "upload-artifact@" in step.get("uses", "")
        ]
        for step in steps:
            if "download-artifact@" in step.get("uses", ""):
                wanted = step["with"].get("name") or step["with"]["pattern"].removesuffix("*")
                assert any(each.startswith(wanted) for each in made), wanted


def test_boards_of_the_workflows_are_those_of_the_project():
    assert jobs("release")["board"]["strategy"]["matrix"]["board"] == list(settings().boards)
    assert "bash .ci/nightly " + " ".join(settings().boards) in text("nightly")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A git checkout with the scripts and a board's page."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    page = tmp_path / "leaderboard/boards/mitdb/index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!doctype html>a board")
    (tmp_path / "leaderboard/reproduced.json").write_text("{}")
    for arguments in (
        ["init", "--quiet"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    return tmp_path


def script(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"} | {"HOME": str(root)},
    )


def test_the_site_holds_every_board_and_a_way_to_it(checkout):
    made = script(checkout, f"{checkout}/.ci/publish", "site", "_site")
    assert made.returncode == 0, made.stderr
    assert (checkout / "_site/mitdb/index.html").read_text() == "<!doctype html>a board"
    assert '<a href="mitdb/index.html">mitdb</a>' in (checkout / "_site/index.html").read_text()


def test_a_site_without_a_board_is_refused(checkout):
    (checkout / "leaderboard/boards/mitdb/index.html").unlink()
    refused = script(checkout, f"{checkout}/.ci/publish", "site", "_site")
    assert refused.returncode == 1 and "pqrst repro BOARD" in refused.stderr


def test_what_is_not_new_is_not_proposed_and_other_verbs_are_named(checkout):
    assert script(checkout, f"{checkout}/.ci/publish", "propose").stdout == "no verdict is new\n"
    wrong = script(checkout, f"{checkout}/.ci/publish", "delete")
    assert (
        wrong.returncode == 1
        and "expected login, site, attach or propose, found: delete" in wrong.stderr
    )


@pytest.mark.parametrize(
    ("statuses", "expected"), [("0 3", 0), ("3 0", 0), ("4 0", 4), ("1 3", 1), ("0 4", 4)]
)
def test_a_night_goes_on_after_a_drift_and_says_so(checkout, statuses, expected):
    """With a pqrst whose rotation names BOARD/row/task and whose reproductions end with the given
    statuses in turn."""
    stand_in = checkout / ".venv/bin/pqrst"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(
        "#!/bin/bash\n"
        'if [[ $1 == rotation ]]; then echo "$2/row/task"; exit; fi\n'
        'echo "$@" >>calls\n'
        f"statuses=({statuses})\n"
        'exit "${statuses[$(($(wc -l <calls) - 1))]}"\n'
    )
    stand_in.chmod(0o755)
    ended = script(checkout, f"{checkout}/.ci/nightly", "synthetic", "mitdb")
    assert ended.returncode == expected
    assert (checkout / "calls").read_text().splitlines() == [
        f"reproduce {board}/row/task --pretraining --record" for board in ("synthetic", "mitdb")
    ]
