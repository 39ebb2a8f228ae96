"""Container and host give the same predictions and models, byte for byte: every row, for one
seed."""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from benchmarks.settings import rows
from containers.calls import host
from containers.calls.call import Runner
from containers.calls.runs import make_pretraining, make_run
from containers.images.build import ensure
from containers.sandbox import docker
from pipeline.recipes import base_of
from tests.conftest import SAMPLE
from tests.helpers.toy_board import BOARD

ONE = {
    "interpolation": "gap",
    "reconstruction": "lead",
    "forecasting": "future",
    "classification": "labels",
}
LIGHT = [name for name, row in rows().items() if base_of(row.folder) == "light"]
# A slow machine does not build the torch image. Learned rows differ in what they compute alone, so
# one stands for all.
ROWS = LIGHT[::SAMPLE] if SAMPLE > 1 else [*LIGHT, "mae-patch"]


def digests(folder: Path) -> dict[str, str]:
    files = [
        path
        for part in ("predictions", "model")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    ]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.mark.parametrize("name", ROWS)
def test_container_and_host_give_the_same_bytes(engine, toy, tmp_path, name):
    row = rows()[name]
    image = ensure(row.folder)
    runners = (Runner("docker", partial(docker.run, image=image)), Runner("host", host.run))
    for runner in runners if row.pretraining else ():
        make_pretraining(
            row,
            BOARD,
            toy,
            tmp_path / runner.name / name / "pretrain",
            lambda row, cases, it=runner: it,
        )
    for task in row.tasks:
        # One scenario of each task: what a container could change, it would change in all of them.
        kinds = row.card.tasks[task]
        narrowed = row.card.model_copy(
            update={
                "tasks": {task: [ONE[task]] if kinds == "all" or ONE[task] in kinds else kinds[:1]}
            }
        )
        for runner in runners:
            out = tmp_path / runner.name / name / task
            make_run(
                replace(row, card=narrowed), BOARD, task, toy, out, lambda row, cases, it=runner: it
            )
        found = digests(tmp_path / "docker" / name / task)
        assert found == digests(tmp_path / "host" / name / task)
        status = tmp_path / "docker" / name / task / "status/seed-0.json"
        assert any("predictions" in path for path in found), status.read_text()
