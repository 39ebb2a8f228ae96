"""The engine's own troubles are infrastructure errors that say the way out, never a score."""

import dataclasses
import io
import shutil
import subprocess
import tarfile
import threading
import time

import pytest

from benchmarks import contract
from benchmarks.settings import row
from containers.calls.call import InfrastructureError
from containers.calls.runs import make_run
from containers.images.build import Image
from containers.images.engine import connect, engine_errors
from containers.runner import prepare, ready, runner_name
from containers.sandbox import docker
from tests.helpers.toy_board import BOARD

SMALL = Image("small:test", "source", "content", "small:test", "", 1, ("PATH",))


def small_image() -> None:
    """Load an image of busybox alone into the engine that DOCKER_HOST names."""
    busybox = shutil.which("busybox")
    assert busybox
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(busybox, "bin/busybox")
        for name in ("sh", "sleep"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    connect().api.import_image_from_data(packed.getvalue(), repository="small", tag="test")


@pytest.fixture
def no_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine")
    monkeypatch.delenv("PQRST_RUNNER", raising=False)
    connect.cache_clear()
    yield
    connect.cache_clear()


def test_no_engine_is_an_infrastructure_failure_that_names_both_ways_out(no_engine, toy, tmp_path):
    assert runner_name() == "docker"
    make_run(row("mean"), BOARD, "forecasting", toy, tmp_path / "out", prepare())
    found = contract.load(contract.Status, tmp_path / "out/status/seed-0.json")
    assert found.kind == "infrastructure" and not list(
        (tmp_path / "out/predictions").rglob("*.npy")
    )
    assert "no container engine answers at unix://" in found.reason
    assert "start it" in found.reason and "PQRST_RUNNER=host" in found.reason


def test_a_board_is_not_begun_without_its_engine(no_engine):
    with pytest.raises(InfrastructureError, match="no container engine answers"):
        ready(["methods/mean/dvc.yaml:run@synthetic-mean-forecasting"]).__enter__()
    with ready(["leaderboard@synthetic"]):
        pass


def test_the_runner_is_chosen_by_what_is_set_up(monkeypatch, tmp_path):
    monkeypatch.delenv("PQRST_RUNNER", raising=False)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr("containers.images.engine.SOCKET", tmp_path / "none")
    assert runner_name() == "host"
    monkeypatch.setattr("containers.images.engine.SOCKET", tmp_path)
    assert runner_name() == "docker"
    monkeypatch.setenv("PQRST_RUNNER", "podman")
    with pytest.raises(
        InfrastructureError, match="PQRST_RUNNER is 'podman', expected one of docker, host"
    ):
        runner_name()


def test_an_engine_that_dies_under_a_call_is_our_trouble_and_the_next_run_sweeps(
    own_engine, invocation, monkeypatch
):
    own_engine.start()
    small_image()
    monkeypatch.setattr(docker, "ensure_base", lambda name: SMALL.reference)
    asked = invocation(entry=["sh", "-c", "sleep 300"])
    killer = threading.Thread(target=lambda: (_wait_for_a_call(), own_engine.kill()))
    killer.start()
    begin = time.monotonic()
    with pytest.raises(InfrastructureError, match="no container engine answers"):
        docker.run(asked, SMALL)
    killer.join()
    assert time.monotonic() - begin < 120

    own_engine.start()
    connect.cache_clear()
    left = connect().containers.list(all=True, filters={"label": docker.OWNER})
    assert left, "the engine was to leave the call's container behind"
    monkeypatch.setattr(docker, "is_alive", lambda label: False)
    docker.sweep()
    assert connect().containers.list(all=True, filters={"label": docker.OWNER}) == []
    outcome = docker.run(
        dataclasses.replace(asked, entry=["sh", "-c", "echo x > /pqrst/out/probabilities.npy"]),
        SMALL,
    )
    assert outcome.kind == "ok", outcome


def _wait_for_a_call() -> None:
    while len(connect().containers.list(filters={"label": docker.OWNER})) < 2:
        time.sleep(0.1)


def test_a_full_disk_of_the_engine_says_what_to_free(own_engine):
    data = own_engine.folder / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(data)], check=True)
    own_engine.start()
    with (
        pytest.raises(
            InfrastructureError, match=r"disk is full.*docker system df, docker image prune"
        ),
        engine_errors(),
    ):
        small_image()


def test_an_image_that_is_gone_is_our_trouble(invocation, mean_image):
    gone = dataclasses.replace(mean_image, reference="pqrst/mean:gone")
    with pytest.raises(InfrastructureError, match="No such image: pqrst/mean:gone"):
        docker.run(invocation(), gone)
