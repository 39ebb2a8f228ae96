"""What a call's container is, and that nothing of it stays."""

import hashlib
import os
import signal
import subprocess
import time

import numpy as np
import psutil
import pytest

from benchmarks.contract import Limits
from benchmarks.settings import ROOT
from containers.calls.call import InfrastructureError
from containers.images import build as images
from containers.images.engine import connect
from containers.runner import ready
from containers.sandbox import docker
from containers.sandbox import options as sandbox
from containers.sandbox.options import run_words
from containers.sandbox.shell import invocation as shell_invocation


def test_a_call_gives_what_the_host_gives_and_says_what_it_cost(invocation, mean_image):
    asked = invocation(entry=["sh", "-c", "python main.py predict forecasting; sleep 1"])
    asked = invocation()
    outcome = docker.run(asked, mean_image)
    assert (outcome.kind, outcome.reason, outcome.exit_code) == ("ok", "", 0)
    assert outcome.wall_s > 0
    assert np.load(asked.output / "prediction.npy").shape == (4, 2, 2500)


def test_cost_is_measured_while_a_call_runs(invocation, mean_image):
    code = (
        "import time; held = bytearray(10**8); begin = time.monotonic()\nwhile time.monotonic() -"
        " begin < 8: pass"
    )
    outcome = docker.run(
        invocation(entry=["python", "-c", code + "; open('/pqrst/out/probabilities.npy', 'w')"]),
        mean_image,
    )
    assert outcome.cpu_s > 0.5 and outcome.wall_s > 1.9
    assert 90 < outcome.peak_memory_mb < 400


def test_the_recorded_line_repeats_the_call_by_hand(invocation, mean_image, tmp_path, monkeypatch):
    asked = invocation()
    # The line starts from the project's folder: here the temporary one, which holds case and
    # profile.
    monkeypatch.setattr(sandbox, "ROOT", asked.inputs["case"].parent)
    monkeypatch.setattr(sandbox, "SECCOMP", asked.inputs["case"].parent / "containers/seccomp.json")
    (asked.inputs["case"].parent / "containers").mkdir(exist_ok=True)
    sandbox.SECCOMP.write_bytes((ROOT / "containers/seccomp.json").read_bytes())
    outcome = docker.run(asked, mean_image)
    line = outcome.command.replace("docker run", f"{images.builder()} run")
    by_hand = subprocess.run(
        ["sh", "-c", line], cwd=sandbox.ROOT, capture_output=True, text=True, check=False
    )
    assert by_hand.returncode == 0, by_hand.stderr
    found, expected = sandbox.ROOT / "output/prediction.npy", asked.output / "prediction.npy"
    assert (
        hashlib.sha256(found.read_bytes()).digest()
        == hashlib.sha256(expected.read_bytes()).digest()
    )
    assert str(ROOT) not in outcome.command and os.environ["HOME"] not in outcome.command


def test_every_option_of_the_sandbox_has_a_flag(invocation, mean_image, monkeypatch):
    monkeypatch.setenv("PQRST_GPUS", "0,1")
    asked = invocation()
    options = sandbox.sandbox(asked, mean_image, asked.inputs["case"] / "windows.json", "volume")
    words = run_words(mean_image, options, lambda mount: [mount["Target"]], sandbox.SECCOMP)
    assert {
        "--read-only",
        "--init",
        "--network",
        "--cap-drop",
        "--pids-limit",
        "--memory-swap",
    } <= set(words)
    assert '"device=0,1"' in words
    with pytest.raises(KeyError, match="privileged"):
        run_words(mean_image, options | {"privileged": True}, lambda mount: [], sandbox.SECCOMP)


def test_the_engine_holds_what_the_law_says(engine, invocation, mean_image):
    """What the engine itself says of a container, not what we asked for."""
    asked = invocation()
    options = sandbox.sandbox(
        asked, mean_image, asked.inputs["case"] / "windows.json", "pqrst-test"
    )
    container = engine.containers.create(mean_image.reference, **options)
    try:
        host = engine.api.inspect_container(container.id)["HostConfig"]
    finally:
        container.remove(force=True)
        engine.volumes.get("pqrst-test").remove()
    assert host["NetworkMode"] == "none" and host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"]
    assert (
        not host["Privileged"]
        and host["Memory"] == host["MemorySwap"] > 0
        and host["PidsLimit"] == 256
    )
    assert "no-new-privileges" in host["SecurityOpt"] and any(
        "io_uring" not in o for o in host["SecurityOpt"]
    )
    assert all(mount["ReadOnly"] for mount in host["Mounts"] if mount["Type"] == "bind")
    assert host["DeviceRequests"] is None


def test_a_gpu_that_the_engine_can_not_give_is_our_trouble(
    engine, invocation, mean_image, monkeypatch
):
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this engine has the NVIDIA toolkit")
    monkeypatch.setenv("PQRST_GPUS", "all")
    with pytest.raises(
        InfrastructureError,
        match=r"install the NVIDIA container toolkit.*or run without PQRST_GPUS",
    ):
        docker.run(invocation(), mean_image)
    docker.tidy()
    assert (
        connect().containers.list(all=True, filters={"label": f"{docker.OWNER}={docker.owner()}"})
        == []
    )


def test_what_an_image_sets_in_its_environment_does_not_reach_a_call(
    engine, invocation, mean_image, tmp_path
):
    """A library to preload, a search path, a start-up file and an entry point of the image's
    own."""
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(
        f"FROM {mean_image.reference}\nENV LD_PRELOAD=/evil.so PYTHONSTARTUP=/evil.py"
        ' PYTHONPATH=/evil PQRST_ROOT=/evil SECRET=x\nENTRYPOINT ["python", "-c",'
        ' "print(1.0)"]\nCMD ["evil"]\nUSER 0:0\nVOLUME /pqrst/out\n'
    )
    command = [images.builder(), "build", "--tag", "pqrst/tricks:test", str(tmp_path / "context")]
    subprocess.run(
        command, check=True, capture_output=True, env=os.environ | {"DOCKER_BUILDKIT": "1"}
    )
    tricked = images.describe(engine.images.get("pqrst/tricks:test"), "pqrst/tricks:test")
    code = (
        "import os; raise SystemExit(f'{os.getuid()} {sorted(os.environ)}"
        ' {os.environ["PYTHONPATH"]}\')'
    )
    outcome = docker.run(invocation(entry=["python", "-c", code]), tricked)
    assert "LD_PRELOAD" not in outcome.reason and "SECRET" not in outcome.reason
    assert outcome.reason.endswith("/opt/pqrst") and "exit status 1: 10001 " in outcome.reason


def test_containers_and_volumes_of_a_run_that_died_are_swept_away(engine, mean_image):
    gone = {docker.OWNER: docker.owner().replace(f" {os.getpid()} ", " 4194303 ")}
    mine = {docker.OWNER: docker.owner()}
    dead = engine.containers.run(
        mean_image.reference, ["sleep", "60"], detach=True, labels=gone, network_mode="none"
    )
    alive = engine.containers.create(mean_image.reference, ["true"], labels=mine)
    lost = engine.volumes.create(labels=gone)
    try:
        docker.sweep()
        left = {each.id for each in engine.containers.list(all=True)}
        assert dead.id not in left and alive.id in left
        assert lost.name not in {each.name for each in engine.volumes.list()}
    finally:
        alive.remove()


def test_a_run_that_is_stopped_leaves_nothing_in_the_engine(engine, mean_image):
    gone = {docker.OWNER: docker.owner().replace(f" {os.getpid()} ", " 4194303 ")}
    with (
        pytest.raises(KeyboardInterrupt),
        ready(["methods/mean/dvc.yaml:run@synthetic-mean-forecasting"]),
    ):
        engine.containers.run(
            mean_image.reference, ["sleep", "60"], detach=True, labels=gone, network_mode="none"
        )
        raise KeyboardInterrupt
    assert (
        engine.containers.list(all=True, filters={"label": f"{docker.OWNER}={gone[docker.OWNER]}"})
        == []
    )


def test_a_call_ends_when_we_are_stopped(engine, invocation, mean_image):
    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    kept = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 5)
    begin = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            docker.run(invocation(entry=["sh", "-c", "sleep 300"]), mean_image)
    finally:
        signal.signal(signal.SIGALRM, kept)
    assert time.monotonic() - begin < 100
    left = engine.containers.list(all=True, filters={"label": f"{docker.OWNER}={docker.owner()}"})
    assert mean_image.reference not in [word for each in left for word in each.image.tags]


def test_a_run_is_alive_though_the_clock_was_set(monkeypatch):
    label, boot = docker.owner(), psutil.boot_time()
    assert docker.is_alive(label)
    # A process's date is the machine's start, as the clock now dates it, and the time since.
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 3600)
    assert psutil.Process().create_time() > boot + 3600
    assert docker.is_alive(label)
    host, pid, began = label.rsplit(" ", 2)
    assert not docker.is_alive(f"{host} {pid} {float(began) - 60}")


def test_a_call_is_killed_at_its_time_limit(invocation, mean_image):
    asked = invocation(entry=["sh", "-c", "sleep 300"], limits=Limits(minutes=0.03))
    outcome = docker.run(asked, mean_image)
    assert outcome.kind == "timeout" and "0.03 minutes" in outcome.reason and outcome.wall_s < 100


def test_a_shell_opens_where_the_call_would_run(invocation, mean_image):
    asked = invocation()
    options = sandbox.sandbox(asked, mean_image, asked.inputs["case"] / "windows.json", "output")
    words = [
        each
        for each in sandbox.shell_words(asked, mean_image, options)
        if each not in ("--tty", "--interactive")
    ]
    seen = subprocess.run(
        [images.builder(), *words, "-c", "id -u; ls case; touch out/x && ls out; touch case/y"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert seen.stdout.split() == ["10001", "windows.json", "windows.npy", "x"]
    assert "Read-only file system" in seen.stderr


@pytest.mark.parametrize(
    ("name", "case", "says"),
    [
        ("mean", "synthetic", "expected BOARD/TASK/SCENARIO"),
        ("mean", "synthetik/forecasting/forecast-20", "did you mean 'synthetic'"),
        ("mean", "synthetic/classification/heartbeat", "does not do 'classification'"),
        ("mean", "synthetic/forecasting/forecast-99", "there is no such case"),
    ],
)
def test_a_case_that_is_not_there_is_named(name, case, says):
    with pytest.raises(ValueError, match=says):
        shell_invocation(name, case)
