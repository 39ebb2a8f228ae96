"""Images are what their sources say: built, pulled by digest, searched, and refused where they are
not."""

import json
import os
import re
import subprocess

import pytest

from benchmarks import contract
from benchmarks.settings import ROOT
from containers.calls.call import InfrastructureError, Refused
from containers.calls.runs import make_run
from containers.images import build as images
from containers.images.engine import connect
from containers.leaks import carriers
from containers.sandbox import docker
from pipeline.sources import method_digest, tokens_digest
from tests.helpers.toy_board import BOARD


@pytest.fixture
def built(toy_method, monkeypatch, tmp_path):
    """Build the image of a toy method; all of them are removed at the end."""
    made = []
    monkeypatch.setattr(images, "PUBLISHED", tmp_path / "published.json")

    def build(name: str, **files) -> tuple:
        row = toy_method(name, **files)
        image = images.ensure(row.folder, row.folder.parent.parent)
        made.append(image.reference)
        return row, image

    yield build
    for reference in made:
        subprocess.run(
            [images.builder(), "rmi", "--force", reference], capture_output=True, check=False
        )


def test_a_missing_image_is_built_and_holds_the_method_and_its_kit_alone(engine, built):
    row, image = built("toy-built")
    script = "cd /opt/pqrst && find . -type f | sort"
    listed = engine.containers.run(
        image.reference, ["-c", script], entrypoint="sh", network_mode="none", remove=True
    )
    files = listed.decode().split()
    assert "./methods/toy-built/main.py" in files and "./methods/kit/contract/call.py" in files
    assert not [
        path
        for path in files
        if "rpeaks" in path or path.endswith(("method.yaml", "dvc.yaml", "README.md"))
    ]
    assert engine.images.get(image.reference).attrs["Config"]["User"] == "10001:10001"
    assert image.source == method_digest(row.folder, row.folder.parent.parent)


def test_a_second_build_has_the_same_content_and_reruns_nothing(
    engine, built, monkeypatch, tmp_path
):
    row, first = built("toy-twice")
    recorded = (ROOT / "methods/mean/source.json").read_bytes()
    engine.images.remove(first.reference, force=True)
    fresh = tmp_path / "docker"
    fresh.write_text(f'#!/bin/sh\nshift\nexec {images.builder()} build --no-cache "$@"\n')
    fresh.chmod(0o755)
    monkeypatch.setattr(images, "builder", lambda: str(fresh))
    second = images.ensure(row.folder, row.folder.parent.parent)
    assert (
        second.id != first.id and second.content == first.content and second.source == first.source
    )
    assert (ROOT / "methods/mean/source.json").read_bytes() == recorded


def test_a_method_brings_a_lock_of_its_own(engine, built):
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "containers/base/common.lock").read_text())
    lock = (
        "# A lock of one package.\n"
        + next(each for each in blocks if each.startswith("tabulate=="))
        + "\n"
    )
    dockerfile = (
        "ARG TAG\nFROM pqrst/light:${TAG} AS build\nUSER 0:0\n"
        "RUN --mount=type=bind,target=/context sh /context/install /opt/more requirements.lock\n"
        "FROM pqrst/light:${TAG}\nCOPY --from=build /stage/ /\nADD image.tar /\n"
    )
    _, image = built("toy-lock", requirements__lock=lock, Dockerfile=dockerfile)
    code = ["-c", "import tabulate, numpy; print(tabulate.__file__)"]
    printed = engine.containers.run(
        image.reference, code, entrypoint="python", network_mode="none", remove=True
    )
    assert printed.decode().startswith("/opt/more/tabulate")


def test_an_image_of_other_sources_is_named_with_the_way_out(engine, built):
    row, image = built("toy-label")
    (row.folder / "main.py").write_text((row.folder / "main.py").read_text() + "\nCHANGED = 1\n")
    tokens_digest.cache_clear()
    wanted = method_digest(row.folder, row.folder.parent.parent)
    engine.images.get(image.reference).tag("pqrst/toy-label", wanted[:16])
    with pytest.raises(InfrastructureError, match=f"docker rmi pqrst/toy-label:{wanted[:16]}"):
        images.ensure(row.folder, row.folder.parent.parent)
    engine.images.remove(f"pqrst/toy-label:{wanted[:16]}")


def test_a_build_that_fails_shows_its_end(built):
    with pytest.raises(InfrastructureError, match=r"(?s)docker build failed:.*no-such-command"):
        built("toy-broken", Dockerfile="ARG TAG\nFROM pqrst/light:${TAG}\nRUN no-such-command\n")


def test_a_build_has_no_network(built):
    code = "import socket; socket.create_connection(('1.1.1.1', 443), 3)"
    with pytest.raises(InfrastructureError, match="Network is unreachable"):
        built(
            "toy-online", Dockerfile=f'ARG TAG\nFROM pqrst/light:${{TAG}}\nRUN python -c "{code}"\n'
        )


def test_a_published_image_is_pulled_by_its_digest(engine, registry, built):
    base = os.environ["PQRST_BASE"]  # which the registry has: only the method's own layer is pushed
    row, image = built("toy-published", Dockerfile=f"FROM {base}\nADD image.tar /\n")
    root = row.folder.parent.parent
    pinned = images.push(row.folder, registry, root=root)
    assert pinned.startswith(f"{registry}/pqrst/toy-published@sha256:")
    remove(engine, image.id)
    said = []
    assert images.ensure(row.folder, root, said.append).content == image.content
    assert said == [f"{image.reference}: pulling {pinned}"]

    entry = images.published()["toy-published"]
    for wrong, says in (
        ({"image": f"{pinned[:-4]}0000"}, "the registry has no"),
        ({"image": f"{registry}/pqrst/toy-published:latest"}, "is a tag, which can move; pin it"),
        ({"content": "0" * 64}, "its content is .* says 0000000000000000; take the entry out"),
    ):
        remove(engine, image.id)
        images.PUBLISHED.write_text(json.dumps({"toy-published": entry | wrong}))
        with pytest.raises(InfrastructureError, match=says):
            images.ensure(row.folder, root)


def remove(engine, identifier: str) -> None:
    for each in engine.images.list(all=True):
        if each.id == identifier:
            engine.images.remove(identifier, force=True)


def test_an_image_that_carries_labels_or_windows_is_refused(toy, built, tmp_path, monkeypatch):
    labels = (toy / "truth/labels.npy").read_bytes()
    row, image = built("toy-carrier", answers__npy=labels)
    with pytest.raises(Refused, match=r"methods/toy-carrier/answers.npy"):
        carriers.refuse_carriers(image, toy)

    monkeypatch.setattr(docker, "ensure", lambda folder: image)
    make_run(row, BOARD, "forecasting", toy, tmp_path / "out", docker.runner)
    status = contract.load(contract.Status, tmp_path / "out/status/seed-0.json")
    assert status.kind == "refused" and "answers.npy" in status.reason and status.calls == []


def test_a_clean_image_is_searched_once(toy, mean_image, monkeypatch):
    carriers.refuse_carriers(mean_image, toy)
    monkeypatch.setattr(carriers, "search", lambda *_: pytest.fail("searched again"))
    carriers.refuse_carriers(mean_image, toy)
    assert connect().images.get(mean_image.reference)
