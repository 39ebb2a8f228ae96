"""Every cheater ends as it must, and leaves nothing behind."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from benchmarks import contract
from benchmarks.settings import ROOT, row
from containers.calls.call import Runner
from containers.calls.runs import make_run
from containers.images.build import Image, ensure
from containers.images.engine import connect
from containers.sandbox import docker
from containers.sandbox.escape import (
    FOLDER,
    breaches,
    cheaters,
    let_loose,
    matrix,
    publish,
    write_case,
)
from leaderboard.views.markdown import task_table
from tests.conftest import SAMPLE
from tests.helpers.board_documents import typed
from tests.helpers.toy_board import BOARD

CHEATERS = {cheater.name: cheater for cheater in cheaters()}


@pytest.fixture(scope="session")
def image(engine) -> Image:
    return ensure(FOLDER, ROOT)


@pytest.fixture(scope="session")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cheated") / "case"
    return folder, write_case(folder)


@pytest.mark.parametrize("name", list(CHEATERS)[::SAMPLE])
def test_the_sandbox_holds(image, asked, name):
    case, wanted = asked
    before = {path.name: path.read_bytes() for path in case.iterdir()}
    outcome = let_loose(CHEATERS[name], image, case, wanted)
    assert breaches(CHEATERS[name], outcome) == []
    assert {path.name: path.read_bytes() for path in case.iterdir()} == before
    docker.tidy()
    label = f"{docker.OWNER}={docker.owner()}"
    assert connect().containers.list(all=True, filters={"label": label}) == []
    assert connect().volumes.list(filters={"label": label}) == []


def test_after_a_hostile_cell_the_next_one_runs_and_the_board_renders(image, toy, tmp_path):
    mean = row("mean")

    def hostile(_, cases) -> Runner:
        return Runner("docker", lambda each: docker.run(replace(each, folder=FOLDER), image))

    own = Runner("docker", partial(docker.run, image=ensure(mean.folder)))
    cells = []
    for name in ("ansi_and_html", "fork_bomb", "link_to_shadow", None):
        out = tmp_path / str(name)
        if name:
            card = mean.card.model_copy(
                update={"entry": ["python", f"{name}.py"], "limits": CHEATERS[name].limits}
            )
            make_run(replace(mean, card=card), BOARD, "forecasting", toy, out, hostile)
        else:
            make_run(mean, BOARD, "forecasting", toy, out, lambda *_: own)
        found = contract.load(contract.Status, out / "status/seed-0.json")
        assert "\x1b" not in found.reason + found.log_tail
        about = {
            "board": "toy",
            "row": str(name),
            "family": "control",
            "task": "forecasting",
            "seed": 0,
            "reason": found.reason,
        }
        cells.append(
            about
            | {
                "status": "scored" if found.kind == "ok" else found.kind,
                "scenarios": {},
                "provenance": {},
            }
        )
    assert [cell["status"] for cell in cells] == [
        "crashed",
        "over-quota",
        "invalid-output",
        "scored",
    ]
    assert np.load(tmp_path / "None/predictions/seed-0/forecast-20.npy").size
    text = task_table("forecasting", typed(cells))
    assert "<script" not in text and "\x1b" not in text
    assert (
        len(
            {
                line.count("|") - line.count("\\|")
                for line in text.splitlines()
                if line.startswith("|")
            }
        )
        == 1
    )


def test_the_published_table_is_harmless(engine, tmp_path, monkeypatch):
    from containers.sandbox import escape

    monkeypatch.setattr(escape, "PUBLISHED", tmp_path / "escape.md")
    results = list(matrix([CHEATERS["ansi_and_html"], CHEATERS["nothing_written"]]))
    publish(results)
    text = (tmp_path / "escape.md").read_text()
    assert "2 of 2 held" in text and "engine " in text
    assert "<script" not in text and "\x1b" not in text
