"""Fetching a data set: from a mirror, over HTTP from a server on this machine, and everything that
can go wrong."""

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from benchmarks.datasets import fetch
from benchmarks.datasets.fetch import Fetched, FetchError, Listed

CONTENT = {
    "one.dat": np.random.default_rng(1).bytes(300_000),
    "two.dat": np.random.default_rng(2).bytes(200_000),
    "deeper/three.hea": b"three 2 360 650000\n",
}
FILES = [
    Listed(hashlib.sha256(content).hexdigest(), len(content), name)
    for name, content in CONTENT.items()
]


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; of a file in `server.cut` it sends half and closes, of one in `server.stall`
    half and waits."""

    def do_GET(self) -> None:
        server, name = self.server, self.path.removeprefix("/files/mitdb/")
        assert isinstance(server, Server)
        server.asked.append(name)
        if name not in server.cut | server.stall:
            return super().do_GET()
        content = CONTENT[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        if name in server.stall:
            server.stalled.set()
            server.over.wait(100)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None: ...


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.asked: list[str] = []
        self.cut: set[str] = set()
        self.stall: set[str] = set()
        self.stalled, self.over = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/files/mitdb/"


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set `mitdb` of three small files."""
    monkeypatch.setattr(fetch, "listed", lambda name: FILES)


@pytest.fixture
def mirror(tmp_path: Path, made_up: None) -> Path:
    folder = tmp_path / "mirror"
    for name, content in CONTENT.items():
        path = folder / "mitdb" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    thread = threading.Thread(target=partial(server.serve_forever, 0.01))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(mirror: Path) -> Iterator[Server]:
    (mirror / "files").symlink_to(mirror, target_is_directory=True)
    with serving(mirror) as server:
        yield server


def there(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_committed_lists_hold_what_each_data_set_needs() -> None:
    assert len(fetch.listed("mitdb")) == 3 * 48
    assert (
        sum(file.size for file in fetch.listed("mitdb") if file.name.endswith(".dat"))
        == 48 * 1_950_000
    )
    assert [file.name for file in fetch.listed("nstdb")] == [
        f"{k}.{e}" for k in ("bw", "em", "ma") for e in ("hea", "dat")
    ]
    for file in (*fetch.listed("mitdb"), *fetch.listed("nstdb")):
        assert len(file.sha256) == 64 and int(file.sha256, 16) and file.size > 0


def test_unknown_data_set_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"no data set 'mitbd' to fetch; known: mitdb, nstdb"):
        fetch.fetch("mitbd", tmp_path)


def test_the_publisher_is_the_source_by_default() -> None:
    assert fetch.published("mitdb") == "https://physionet.org/files/mitdb/1.0.0/"
    assert fetch.published("nstdb") == "https://physionet.org/files/nstdb/1.0.0/"


def test_copied_from_a_mirror_then_kept(tmp_path: Path, mirror: Path) -> None:
    target = tmp_path / "raw"
    assert fetch.fetch("mitdb", target, mirror) == Fetched([], list(CONTENT), [])
    assert there(target) == CONTENT
    times = [path.stat().st_mtime_ns for path in target.rglob("*")]
    shutil.rmtree(mirror)
    assert fetch.fetch("mitdb", target, mirror) == Fetched(list(CONTENT), [], [])
    assert times == [path.stat().st_mtime_ns for path in target.rglob("*")]


def test_a_file_spoilt_in_the_target_is_replaced(tmp_path: Path, mirror: Path) -> None:
    target = tmp_path / "raw"
    fetch.fetch("mitdb", target, mirror)
    (target / "one.dat").write_bytes(CONTENT["one.dat"][:-1])
    (target / "two.dat").unlink()
    assert fetch.fetch("mitdb", target, mirror) == Fetched(
        ["deeper/three.hea"], ["two.dat"], ["one.dat"]
    )
    assert there(target) == CONTENT


def test_a_read_only_mirror_gives_writable_files(tmp_path: Path, mirror: Path) -> None:
    (mirror / "mitdb/one.dat").chmod(0o444)
    fetch.fetch("mitdb", tmp_path / "raw", mirror)
    assert (tmp_path / "raw/one.dat").stat().st_mode & 0o200


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_mirror_with_a_wrong_file(tmp_path: Path, mirror: Path) -> None:
    spoil(mirror / "mitdb/two.dat")
    with pytest.raises(FetchError) as caught:
        fetch.fetch("mitdb", tmp_path / "raw", mirror)
    found = hashlib.sha256((mirror / "mitdb/two.dat").read_bytes()).hexdigest()
    assert (
        str(caught.value)
        == f"{mirror}/mitdb/two.dat: its sha256 is {found}, expected {FILES[1].sha256}; "
        "correct the mirror, or unset PQRST_MIRROR and download: pqrst fetch mitdb"
    )
    assert there(tmp_path / "raw") == {"one.dat": CONTENT["one.dat"]}


def test_a_mirror_with_a_short_file(tmp_path: Path, mirror: Path) -> None:
    (mirror / "mitdb/two.dat").write_bytes(CONTENT["two.dat"][:-7])
    with pytest.raises(
        FetchError,
        match=r"mitdb/two\.dat: it has 199993 bytes, expected 200000; correct the mirror",
    ):
        fetch.fetch("mitdb", tmp_path / "raw", mirror)
    assert there(tmp_path / "raw") == {"one.dat": CONTENT["one.dat"]}


def test_a_mirror_that_lacks_a_file(tmp_path: Path, mirror: Path) -> None:
    (mirror / "mitdb/two.dat").unlink()
    with pytest.raises(FetchError) as caught:
        fetch.fetch("mitdb", tmp_path / "raw", mirror)
    assert (
        str(caught.value)
        == f"{mirror}/mitdb/two.dat: it is missing in the mirror, expected 200000 bytes; "
        "correct the mirror, or unset PQRST_MIRROR and download: pqrst fetch mitdb"
    )


def test_verify_names_the_file_and_the_way_out(tmp_path: Path, mirror: Path) -> None:
    fetch.verify("mitdb", mirror / "mitdb", FILES)
    spoil(mirror / "mitdb/one.dat")
    with pytest.raises(
        FetchError, match=r"one\.dat: its sha256 is .*; fetch it again: pqrst fetch mitdb"
    ):
        fetch.verify("mitdb", mirror / "mitdb", FILES)
    (mirror / "mitdb/one.dat").unlink()
    with pytest.raises(
        FetchError, match=r"one\.dat: it is missing; fetch it again: pqrst fetch mitdb"
    ):
        fetch.verify("mitdb", mirror / "mitdb", FILES)


def test_a_full_disk_is_named(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(origin: Path, temporary: Path) -> None:
        temporary.write_bytes(b"some")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(temporary))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(FetchError) as caught:
        fetch.fetch("mitdb", tmp_path / "raw", mirror)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/raw/one.dat: no space left on the disk, ")
    assert message.endswith(
        "and 500019 still to come; make room and fetch again, what is complete stays: pqrst fetch"
        " mitdb"
    )
    assert there(tmp_path / "raw") == {}


def test_a_target_that_is_no_folder(tmp_path: Path, mirror: Path) -> None:
    (tmp_path / "raw").write_text("")
    with pytest.raises(
        FetchError, match=r"raw: File exists; see to it and fetch again: pqrst fetch mitdb"
    ):
        fetch.fetch("mitdb", tmp_path / "raw", mirror)


def test_downloaded_then_kept(tmp_path: Path, server: Server) -> None:
    target = tmp_path / "raw"
    assert fetch.fetch("mitdb", target, url=server.url) == Fetched([], list(CONTENT), [])
    assert there(target) == CONTENT
    server.asked.clear()
    assert fetch.fetch("mitdb", target, url=server.url) == Fetched(list(CONTENT), [], [])
    assert server.asked == []


def test_http_404(tmp_path: Path, server: Server, mirror: Path) -> None:
    (mirror / "mitdb/two.dat").unlink()
    with pytest.raises(FetchError) as caught:
        fetch.fetch("mitdb", tmp_path / "raw", url=server.url)
    assert (
        str(caught.value)
        == f"{server.url}two.dat: the server answers 404 Client Error: File not found for url:"
        f" {server.url}two.dat; fetch again, what is complete stays: pqrst fetch mitdb, or set"
        " PQRST_MIRROR to a folder that holds mitdb/two.dat"
    )
    assert there(tmp_path / "raw") == {"one.dat": CONTENT["one.dat"]}


def test_a_download_that_breaks_off_is_resumed(tmp_path: Path, server: Server) -> None:
    server.cut = {"two.dat"}
    with pytest.raises(FetchError) as caught:
        fetch.fetch("mitdb", tmp_path / "raw", url=server.url)
    message = str(caught.value)
    assert message.startswith(f"{server.url}two.dat: the download broke off after ")
    assert " of 200000 bytes (" in message and "100000 more expected" in message
    assert (
        "; fetch again, what is complete stays: pqrst fetch mitdb, or without a network" in message
    )
    assert there(tmp_path / "raw") == {"one.dat": CONTENT["one.dat"]}
    server.cut = set()
    server.asked.clear()
    assert fetch.fetch("mitdb", tmp_path / "raw", url=server.url).kept == ["one.dat"]
    assert server.asked == ["two.dat", "deeper/three.hea"]
    assert there(tmp_path / "raw") == CONTENT


def test_a_download_of_other_bytes(tmp_path: Path, server: Server, mirror: Path) -> None:
    spoil(mirror / "mitdb/one.dat")
    with pytest.raises(FetchError) as caught:
        fetch.fetch("mitdb", tmp_path / "raw", url=server.url)
    found = hashlib.sha256((mirror / "mitdb/one.dat").read_bytes()).hexdigest()
    assert (
        f"{server.url}one.dat: its sha256 is {found}, expected {FILES[0].sha256}; fetch again"
        in str(caught.value)
    )
    assert there(tmp_path / "raw") == {}


def test_no_server(tmp_path: Path, made_up: None) -> None:
    with pytest.raises(
        FetchError, match=r"one\.dat: the download broke off after 0 of 300000 bytes .*PQRST_MIRROR"
    ):
        fetch.fetch("mitdb", tmp_path / "raw", url="http://127.0.0.1:1/")


@pytest.mark.parametrize(("how", "leftovers"), [(signal.SIGINT, 0), (signal.SIGKILL, 1)])
def test_an_interrupted_fetch_leaves_nothing_half_written_and_resumes(
    tmp_path: Path, server: Server, how: signal.Signals, leftovers: int
) -> None:
    target = tmp_path / "raw"
    server.stall = {"two.dat"}
    script = f"""
from pathlib import Path

from benchmarks.datasets import fetch

fetch.listed = lambda name: [fetch.Listed(*file) for file in {[tuple(file) for file in FILES]}]
fetch.fetch("mitdb", Path({str(target)!r}), url={server.url!r})
"""
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    assert server.stalled.wait(100)
    deadline = time.monotonic() + 100
    while not list(target.glob("two.dat.*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(how)
    assert process.wait(100) != 0
    half = list(target.glob("*.tmp"))
    assert len(half) == leftovers
    assert {
        name: content for name, content in there(target).items() if not name.endswith(".tmp")
    } == {"one.dat": CONTENT["one.dat"]}
    server.stall = set()
    assert fetch.fetch("mitdb", target, url=server.url) == Fetched(
        ["one.dat"], ["two.dat", "deeper/three.hea"], []
    )
    assert there(target) == CONTENT


def test_files_of_others_are_left_alone(tmp_path: Path, mirror: Path) -> None:
    other = tmp_path / "raw/notes.tmp"
    other.parent.mkdir()
    other.write_text("mine")
    fetch.fetch("mitdb", tmp_path / "raw", mirror)
    assert other.read_text() == "mine"


def test_the_real_noise_over_http(tmp_path: Path, nstdb_folder: Path) -> None:
    with serving(nstdb_folder) as server:
        fetch.fetch("nstdb", tmp_path, url=server.url.removesuffix("/files/mitdb/"))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == sum(
        file.size for file in fetch.listed("nstdb")
    )
