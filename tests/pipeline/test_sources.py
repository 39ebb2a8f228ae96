"""Digests follow imports and tokens; what is written out is current."""

import shutil
from pathlib import Path

import pytest
import yaml

from benchmarks.errors import UserError
from benchmarks.settings import ROOT, method_folders, settings
from containers.images.wheels import locked
from pipeline.recipes import base_digest, base_of
from pipeline.sources import closure, group_digest, method_digest, tokens_digest
from pipeline.stages import HEADER, sync, texts


def module(folder: Path, text: str, name: str = "main.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_everything_written_out_is_current():
    for path, text in texts().items():
        assert path.read_text() == text, f"{path}: run pqrst sync and commit"


def test_every_methods_stages_come_from_one_template():
    kinds = {}
    for folder in method_folders():
        text = (folder / "dvc.yaml").read_text()
        assert text.startswith(HEADER)
        stages = yaml.safe_load(text)["stages"]
        shape = {
            name: (stage["cmd"], stage["wdir"], list(stage["matrix"]))
            for name, stage in stages.items()
        }
        kinds[folder.name] = {name: shape[name] for name in ("run", "score")}
    assert len({str(shape) for shape in kinds.values()}) == 1


def test_the_root_names_the_boards_of_the_settings():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    boards = list(settings().boards)
    assert list(stages["cases"]["foreach"]) == boards == stages["leaderboard"]["foreach"]
    assert stages["control"]["matrix"] == {"board": boards, "row": settings().controls.from_truth}
    assert {name: each["dataset"] for name, each in stages["cases"]["foreach"].items()} == {
        name: board.dataset for name, board in settings().boards.items()
    }


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("def f(a):\n    # why\n\n    return a + 1\n", True),
        ("def f(a):\n        return a + 1  # twice as deep\n", True),
        ("def f(a):\n    return a + 2\n", False),
        ('def f(a):\n    """Doc."""\n    return a + 1\n', False),
    ],
)
def test_comments_blank_lines_and_depth_of_indents_do_not_count(tmp_path, text, same):
    first = tokens_digest(module(tmp_path, "def f(a):\n    return a + 1\n", "first.py"))
    assert (tokens_digest(module(tmp_path, text, "second.py")) == first) is same


def test_a_digest_follows_imports_at_the_top_and_inside_functions(tmp_path):
    main = module(
        tmp_path, "from methods.kit import a\ndef f():\n    import helper\n", "methods/mine/main.py"
    )
    kit = module(tmp_path, "from methods.kit.b import x\n", "methods/kit/a.py")
    deep = module(tmp_path, "x = 1\n", "methods/kit/b.py")
    unused = module(tmp_path, "y = 1\n", "methods/kit/c.py")
    own = module(tmp_path, "z = 1\n", "methods/mine/helper.py")
    assert closure([main], tmp_path) == sorted([main, kit, deep, own])
    before = group_digest([main], tmp_path)
    for path, counts in ((unused, False), (deep, True), (own, True)):
        text = path.read_text()
        path.write_text(text + "w = 2\n")
        tokens_digest.cache_clear()
        assert (group_digest([main], tmp_path) != before) is counts, path
        path.write_text(text)


def test_a_methods_other_files_count_and_its_prose_does_not(tmp_path):
    for name in ("containers/base", "methods/mean"):
        shutil.copytree(ROOT / name, tmp_path / name)
    folder = tmp_path / "methods/mean"
    before = method_digest(folder, tmp_path)
    (folder / "README.md").write_text("other words")
    card = (folder / "method.yaml").read_text()
    (folder / "method.yaml").write_text(
        card.replace("summary: ", "summary: Indeed: ").replace("Indeed:", "Indeed,")
    )
    assert method_digest(folder, tmp_path) == before
    (folder / "table.csv").write_text("1,2")
    assert method_digest(folder, tmp_path) != before


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("methods/mean/Dockerfile", "ARG TAG", "# a comment\nARG TAG", False),
        ("methods/mean/Dockerfile", "ADD", "LABEL a=b\nADD", True),
        ("methods/mean/README.md", "mean", "Mean", False),
        ("containers/base/light.Dockerfile", "USER 10001", "USER 10002", True),
        ("containers/base/light.lock", "numpy==", "numpy==1", True),
        ("containers/base/light.lock", "# Written", "# Then written", False),
        ("containers/base/torch.lock", "sympy==", "sympy==1", False),
        ("containers/base/cuda.lock", "torch==", "torch==1", False),
    ],
)
def test_an_image_is_named_after_its_method_and_its_base(tmp_path, file, old, new, counts):
    for name in ("containers/base", "methods/mean", "methods/kit"):
        shutil.copytree(ROOT / name, tmp_path / name)
    before = method_digest(tmp_path / "methods/mean", tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new))
    base_digest.cache_clear()
    assert (method_digest(tmp_path / "methods/mean", tmp_path) != before) is counts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("FROM python:3.11-slim\n", "starts FROM python:3.11-slim; expected"),
        ("FROM pqrst/huge:${TAG}\n", "starts FROM pqrst/huge"),
        ("ADD image.tar /\n", "starts FROM nothing"),
        (f"FROM julia@sha256:{'0' * 64} AS build\nFROM debian:12\n", "starts FROM debian:12"),
    ],
)
def test_a_base_that_is_not_pinned_is_refused(tmp_path, text, says):
    (tmp_path / "Dockerfile").write_text(text)
    with pytest.raises(UserError, match=says):
        base_of(tmp_path)


def test_the_base_of_a_method_is_what_its_dockerfile_starts_from(tmp_path):
    bases = {folder.name: base_of(folder) for folder in method_folders()}
    assert bases["mean"] == "light" and bases["resnet1d"] == "torch"
    (tmp_path / "Dockerfile").write_text(f"FROM julia@sha256:{'0' * 64}\n")
    assert base_of(tmp_path) is None


def test_host_and_images_have_the_same_versions():
    names = {
        name: set(locked(ROOT / f"containers/base/{name}.lock"))
        for name in ("common", "light", "torch")
    }
    assert names["light"] - names["common"] == {
        next(each for each in names["light"] if each.startswith("pip=="))
    }
    assert names["torch"] <= names["common"]
    assert not names["light"] & names["torch"]


def test_every_package_of_the_cuda_build_is_pinned():
    cuda = {each.split("==")[0] for each in locked(ROOT / "containers/base/cuda.lock")}
    assert {"torch", "triton", "nvidia-cudnn-cu13", "nvidia-nccl-cu13", "nvidia-cublas"} <= cuda
    assert all(
        locked(ROOT / f"containers/base/{name}.lock").values()
        for name in ("cpu", "cuda", "light", "torch")
    )


def test_sync_writes_nothing_twice(made):
    sync(made.root)
    assert sync(made.root) == []
