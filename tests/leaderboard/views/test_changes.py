"""What a reviewer is told of a board that changed, of methods that changed, and which cell is drawn
tonight."""

import copy
import datetime
import json
import shutil
import subprocess

import pytest

from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from leaderboard.records.boards import Board
from leaderboard.reproduce.rotation import day, run_of_the_day
from leaderboard.views.changes import board_difference, difference
from pipeline.revisions import changed_methods, file_at
from tests.helpers.board_documents import document, failed, forecasts, heartbeat

CELLS = [
    forecasts("mean", "control", 1.0),
    forecasts("linear", "classical completion", 0.9),
    heartbeat("forest", "classical classification", 0.5, accuracy=0.9),
    heartbeat("network", "supervised", 0.6),
    failed("slow", "masked", "forecasting", "timeout", "too slow"),
]


@pytest.fixture
def states() -> list[dict]:
    """A board twice."""
    return [document(*copy.deepcopy(CELLS)) for _ in range(2)]


def metrics(board: dict, key: str, scenario: str) -> dict:
    return board["cells"][key]["scenarios"][scenario]["metrics"]


def line(text: str, *parts: str) -> list[str]:
    """The cells of the one line of a table that holds all of `parts`."""
    (found,) = (each for each in text.splitlines() if all(part in each for part in parts))
    return [each.strip() for each in found.strip("|").split("|")]


def told(before: dict | None, after: dict, since: str) -> str:
    """What changed from one board.json to another."""
    old = Board.model_validate(before) if before else None
    return difference(old, Board.model_validate(after), since)


def test_nothing_changed(states):
    before, after = states
    assert told(before, after, "HEAD") == "## mitdb: what changed since HEAD\n\n5 unchanged.\n"


def test_a_changed_number_says_how_much_and_because_of_what(states):
    before, after = states
    metrics(after, "linear/forecasting-0", "forecast-20")["warped_nrmse"]["value"] = 0.7
    after["cells"]["linear/forecasting-0"]["provenance"]["source"] = "other"
    metrics(after, "network/classification-0", "heartbeat")["macro_f1"]["value"] = 0.5
    after["cells"]["network/classification-0"]["provenance"].update(params="other", budget="other")
    text = told(before, after, "v1")
    assert "2 with other numbers, 3 unchanged." in text
    assert line(text, "forecast-20") == [
        "linear/forecasting-0",
        "forecast-20",
        "warped nRMSE",
        "0.8",
        "0.7",
        "-0.1 (better)",
        "source",
    ]
    assert line(text, "heartbeat")[5:] == ["-0.1 (worse)", "params, budget"]
    assert "forecast-50" not in text


def test_what_came_and_went_and_failed(states):
    before, after = states
    del before["cells"]["network/classification-0"]
    del after["cells"]["forest/classification-0"]
    after["cells"]["linear/forecasting-0"] = failed(
        "linear", "x", "forecasting", "crashed", "<b>|died|</b>"
    )
    after["cells"]["slow/forecasting-0"] = forecasts("slow", "masked", 0.4)
    text = told(before, after, "HEAD")
    assert "1 new, 1 gone, 2 ended otherwise, 1 unchanged." in text
    assert line(text, "network/classification-0") == [
        "network/classification-0",
        "heartbeat",
        "macro-F1",
        "",
        "0.6",
        "",
        "new",
    ]
    assert "crashed: &lt;b>\\|died\\|&lt;/b>" in text
    assert line(text, "slow", "status")[3:5] == ["timeout", "scored"]
    assert line(text, "slow", "forecast-50")[3:5] == ["", "0.3"]
    assert "Gone: `forest/classification-0`." in text


def test_the_same_made_elsewhere_and_made_otherwise_are_told_apart(states):
    before, after = states
    metrics(after, "linear/forecasting-0", "forecast-50")["nrmse"]["value"] = 0.9009
    after["cells"]["mean/forecasting-0"]["provenance"]["scorer"] = "other"
    metrics(after, "forest/classification-0", "heartbeat")["macro_f1"]["low"] = 0.1
    text = told(before, after, "HEAD")
    assert "1 with other numbers from the same sources, data and settings" in text
    assert "(largest relative change): `linear/forecasting-0` (0.001)." in text
    assert "The same numbers, other scorer: `mean/forecasting-0`." in text
    assert "The same numbers, other intervals: `forest/classification-0`." in text
    assert "|" not in text


def test_numbers_beside_the_primary_are_counted(states):
    before, after = states
    metrics(after, "forest/classification-0", "heartbeat")["accuracy"]["value"] = 0.8
    after["cells"]["forest/classification-0"]["provenance"]["source"] = "other"
    assert line(told(before, after, "HEAD"), "forest")[2] == "1 beside the primary"


def test_a_new_board(states):
    text = told(None, states[1], "HEAD")
    assert "5 new." in text and line(text, "slow")[4] == "timeout: too slow"


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A git repository below whose folder `project` lie two methods and a board, committed."""
    root = tmp_path_factory.mktemp("repository") / "project"
    root.mkdir()
    shutil.copy(ROOT / "params.yaml", root)
    for name in ("benchmarks", "containers/base"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("kit", "mean", "linear", "autoregressive"):
        shutil.copytree(
            ROOT / "methods" / name,
            root / "methods" / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    (root / "methods/__init__.py").touch()
    (root / "leaderboard/boards/mitdb").mkdir(parents=True)
    (root / "leaderboard/boards/mitdb/board.json").write_text(json.dumps(document(*CELLS)))
    git(root.parent, "init", "--quiet")
    commit(root, "first")
    return root


def git(root, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def commit(root, message: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def test_a_board_against_a_revision(repository):
    board = repository / "leaderboard/boards/mitdb/board.json"
    assert "5 unchanged" in board_difference("mitdb", "HEAD", repository)
    committed = board.read_text()
    board.write_text(json.dumps(document(*CELLS[:4])))
    assert "Gone: `slow/forecasting-0`." in board_difference("mitdb", "HEAD", repository)
    board.write_text(committed)
    with pytest.raises(UserError, match="git knows no revision 'v9'"):
        board_difference("mitdb", "v9", repository)
    with pytest.raises(UserError, match="git knows no revision '--output=x'"):
        board_difference("mitdb", "--output=x", repository)
    with pytest.raises(UserError, match=r"synthetic/board.json: not made yet"):
        board_difference("synthetic", "HEAD", repository)


def test_a_file_as_it_was(repository):
    assert file_at("HEAD", "params.yaml", repository) == (ROOT / "params.yaml").read_text()
    assert file_at("HEAD", "nowhere.yaml", repository) is None


def test_changed_methods(repository):
    """One's parameters, and what another imports of the kit; comments and prose change nothing."""
    assert changed_methods("HEAD", repository) == []
    parameters, kit = (
        repository / "methods/linear/params.json",
        repository / "methods/kit/signal/visible.py",
    )
    with (repository / "methods/mean/README.md").open("a") as file:
        file.write("more\n")
    with kit.open("a") as file:
        file.write("# a comment\n")
    clear_caches()
    assert changed_methods("HEAD", repository) == []
    parameters.write_text(parameters.read_text() + "\n")
    with kit.open("a") as file:
        file.write("ANOTHER = 1\n")
    clear_caches()
    users = {
        path.parent.name
        for path in (repository / "methods").glob("*/*.py")
        if "kit.signal.visible" in path.read_text()
    }
    users.discard("kit")
    assert users
    assert set(changed_methods("HEAD", repository)) == {"linear"} | users


def clear_caches() -> None:
    from pipeline import sources

    sources.tokens_digest.cache_clear()
    sources.imports.cache_clear()


def test_a_new_method_has_changed(repository):
    shutil.copytree(repository / "methods/mean", repository / "methods/other")
    card = repository / "methods/other/method.yaml"
    card.write_text(card.read_text().replace("name: mean", "name: other"))
    from benchmarks.settings import method_folders

    method_folders.cache_clear()
    assert "other" in changed_methods("HEAD", repository)


@pytest.fixture
def drawn(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    folder = tmp_path / "leaderboard/boards/mitdb"
    folder.mkdir(parents=True)
    cells = [*CELLS, forecasts("oracle", "control", 0.0), forecasts("mean", "control", 1.0, seed=1)]
    (folder / "board.json").write_text(json.dumps(document(*cells)))
    return tmp_path


def test_each_cell_is_drawn_once_before_any_comes_again(drawn):
    """Scored cells of methods only: none that failed, none that the scorer makes, seeds
    together."""
    names = {
        "mean/forecasting",
        "linear/forecasting",
        "forest/classification",
        "network/classification",
    }
    start = len(names) * 10_000
    days = [datetime.date.fromordinal(start + k) for k in range(3 * len(names))]
    found = [run_of_the_day("mitdb", each, drawn) for each in days]
    for k in range(3):
        assert {each.removeprefix("mitdb/") for each in found[4 * k : 4 * k + 4]} == names
    assert found == [run_of_the_day("mitdb", each, drawn) for each in days]
    assert found[:4] != found[4:8] or found[4:8] != found[8:]


def test_a_day_is_read_or_named():
    assert day("2026-11-26") == datetime.date(2026, 11, 26)
    assert abs(day("") - datetime.datetime.now(datetime.UTC).date()) <= datetime.timedelta(1)
    with pytest.raises(UserError, match=r"date is '26\.11', expected YYYY-MM-DD"):
        day("26.11")


def test_a_board_without_scored_cells_draws_none(drawn):
    (drawn / "leaderboard/boards/mitdb/board.json").write_text(json.dumps(document(CELLS[4])))
    with pytest.raises(UserError, match="expected a scored run of a method, found none"):
        run_of_the_day("mitdb", datetime.date(2026, 1, 1), drawn)
