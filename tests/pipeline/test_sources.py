"""Digests follow imports and tokens; what is written out is current."""

import shutil
from pathlib import Path

import pytest
import yaml

from benchmarks.pipeline.sources import closure, group_digest, method_digest, tokens_digest, write_sources
from benchmarks.pipeline.stages import HEADER, method_stages, sync
from benchmarks.settings import ROOT, method_folders, settings


def module(folder: Path, text: str, name: str = "main.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_everything_written_out_is_current():
    assert write_sources() == [], "run pqrst sync and commit"
    for folder in method_folders():
        assert (folder / "dvc.yaml").read_text() == method_stages(folder), "run pqrst sync and commit"


def test_every_methods_stages_come_from_one_template():
    kinds = {}
    for folder in method_folders():
        text = (folder / "dvc.yaml").read_text()
        assert text.startswith(HEADER)
        stages = yaml.safe_load(text)["stages"]
        shape = {name: (stage["cmd"], stage["wdir"], list(stage["matrix"])) for name, stage in stages.items()}
        kinds[folder.name] = {name: shape[name] for name in ("cell", "score")}
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
    main = module(tmp_path, "from methods.kit import a\ndef f():\n    import helper\n", "methods/mine/main.py")
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
    for name in ("containers/base/common.lock", "methods/mean"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "methods/mean", tmp_path / "methods/mean")
    shutil.copy(ROOT / "containers/base/common.lock", tmp_path / "containers/base")
    folder = tmp_path / "methods/mean"
    before = method_digest(folder, tmp_path)
    (folder / "README.md").write_text("other words")
    card = (folder / "method.yaml").read_text()
    (folder / "method.yaml").write_text(card.replace("summary: ", "summary: Indeed: ").replace("Indeed:", "Indeed,"))
    assert method_digest(folder, tmp_path) == before
    (folder / "table.csv").write_text("1,2")
    assert method_digest(folder, tmp_path) != before


def test_sync_writes_nothing_twice(made):
    sync(made.root)
    assert sync(made.root) == []
