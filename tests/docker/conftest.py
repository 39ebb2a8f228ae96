"""Fixtures of the tests that need a container engine: there they must run, elsewhere they say why
they do not."""

import dataclasses
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from benchmarks.contract import Budget, Call, Limits
from benchmarks.settings import ROOT, Row, row
from containers.calls.call import Invocation
from containers.images.build import Image, ensure
from containers.images.engine import connect, is_configured
from containers.sandbox import docker as runner
from containers.sandbox.escape import write_case


def missing(what: str) -> None:
    """Skip; but fail where PQRST_CI=1 says that everything must be here."""
    if os.environ.get("PQRST_CI") == "1":
        pytest.fail(f"{what} must be here where PQRST_CI=1")
    pytest.skip(what)


@pytest.fixture(scope="session")
def engine() -> docker.DockerClient:
    """This machine's container engine."""
    if not is_configured():
        missing("a container engine; on Debian: eval $(bash .ci/engine start FOLDER)")
    connect().ping()
    return connect()


@pytest.fixture(scope="session")
def registry(engine) -> str:
    """A registry on loopback that takes pushes."""
    if "PQRST_REGISTRY" not in os.environ:
        missing("a registry named by PQRST_REGISTRY")
    return os.environ["PQRST_REGISTRY"]


@pytest.fixture(scope="session")
def mean_image(engine) -> Image:
    return ensure(ROOT / "methods/mean")


@pytest.fixture(scope="session")
def case(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("case") / "case"
    write_case(folder)
    return folder


@pytest.fixture
def invocation(case, tmp_path) -> Callable[..., Invocation]:
    """A predict call of a row for the small case, or of a program of its image."""

    def make(
        name: str = "mean", entry: list[str] | None = None, limits: Limits | None = None
    ) -> Invocation:
        found = row(name)
        (tmp_path / "output").mkdir(exist_ok=True)
        asked = Call(
            verb="predict",
            task="forecasting",
            params=found.params,
            seed=1,
            budget=Budget(steps=1, windows=1),
        )
        return Invocation(
            found.folder,
            entry or found.card.entry,
            asked,
            {"case": case},
            tmp_path / "output",
            limits or found.card.limits,
        )

    return make


@pytest.fixture
def toy_method(tmp_path) -> Callable[..., Row]:
    """A method folder of its own with the kit and the bases of the project beside it; files by name
    and text."""

    def make(name: str, **files: str | bytes) -> Row:
        root = tmp_path / "project"
        folder = root / "methods" / name
        shutil.copytree(
            ROOT / "methods/mean", folder, ignore=shutil.ignore_patterns("dvc.*", "__pycache__")
        )
        (root / "containers").mkdir(exist_ok=True)
        for link in ("methods/kit", "containers/base"):
            if not (root / link).exists():
                (root / link).symlink_to(ROOT / link)
        (folder / "method.yaml").write_text(
            (folder / "method.yaml").read_text().replace("name: mean", f"name: {name}")
        )
        for file, text in files.items():
            path = folder / file.replace("__", ".")
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return dataclasses.replace(row("mean"), name=name, folder=folder)

    return make


@dataclasses.dataclass
class OwnEngine:
    """An engine that a test may kill, with an image `small` of nothing but busybox."""

    folder: Path
    process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"unix://{self.folder}/socket"

    def start(self) -> None:
        command = [
            "dockerd",
            "--data-root",
            f"{self.folder}/data",
            "--exec-root",
            f"{self.folder}/exec",
        ]
        command += [
            "--pidfile",
            f"{self.folder}/pid",
            "--host",
            self.address,
            "--storage-driver",
            "overlay2",
        ]
        command += [
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
            "--ip-forward=false",
            "--ip-masq=false",
        ]
        begin = time.monotonic()
        while True:
            # It gives up on a busy machine.
            if self.process is None or self.process.poll() is not None:
                with (self.folder / "log").open("a") as log:
                    self.process = subprocess.Popen(
                        [*command, "--live-restore"], stdout=log, stderr=log
                    )
            try:
                docker.DockerClient(self.address, version="1.41").ping()
                return
            except (DockerException, OSError):  # no socket yet, or nobody behind it
                assert time.monotonic() - begin < 180, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.2)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed([each for each in mounts if each.startswith(str(self.folder))]):
            subprocess.run(["umount", "--lazy", mount], check=False)


@pytest.fixture
def own_engine(engine, monkeypatch) -> Iterator[OwnEngine]:
    """An engine of the test's own, and `DOCKER_HOST` set to it."""
    for program in ("dockerd", "busybox"):
        if not shutil.which(program):
            missing(f"{program}, which Debian has")
    if os.getuid() != 0:
        missing("root, to start an engine")
    folder = Path(tempfile.mkdtemp(prefix="pqrst-", dir="/tmp"))  # a socket's name has 108 bytes
    mine = OwnEngine(folder)
    runner.tidy()
    monkeypatch.setenv("DOCKER_HOST", mine.address)
    connect.cache_clear()
    try:
        yield mine
    finally:
        runner.tidy()
        mine.stop()
        connect.cache_clear()
        shutil.rmtree(folder, ignore_errors=True)
