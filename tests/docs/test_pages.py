"""What the pages for people say is so: commands, paths and links exist, and the page of the
contract names all that the models do."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from benchmarks.contract import CLASSES, FILES, TASKS, FailureKind, Hides, MethodCard, Verb
from benchmarks.settings import ROOT
from leaderboard.analysis import comparisons, statistics
from pqrst.cli import app

ROOTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOTS])
# Of the README's commands tests/pqrst/test_author.py takes care; escape.md is a list of attacks.
WRITTEN = [page for page in PAGES if page.name not in ("README.md", "escape.md")]
NAMES = [page.name for page in WRITTEN]
TARGETS = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
# The folders of the project whose files a page may name, and files in its root.
TOP = "benchmarks|containers|docs|leaderboard|methods|pipeline|pqrst|tests|\\.github|\\.ci"
PATHS = re.compile(rf"`((?:{TOP})/[^`\s]*|[A-Z]+\.md|Makefile|params\.yaml|dvc\.yaml)`")
# What the steps of adding something make.
MADE = re.compile(r".*/(hold|test_hold\.py|(test_)?mydb(\.\w+)?)")


@pytest.mark.parametrize("page", WRITTEN, ids=NAMES)
def test_every_command_of_the_pages_exists(page: Path):
    """X-8: every verb and option of `pqrst`, and every target of `make`."""
    known = get_command(app).commands  # type: ignore[attr-defined]
    commands = re.findall(r"(?m)(?:^|`)pqrst ([a-z]+)((?: [^\s`#]+)*)", page.read_text())
    for verb, arguments in commands:
        assert verb in known, verb
        options = {option for parameter in known[verb].params for option in parameter.opts}
        given = {word for word in arguments.split() if word.startswith("--")}
        assert given <= options, (verb, given - options)
    targets = set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", page.read_text()))
    assert targets <= TARGETS, targets - TARGETS


@pytest.mark.parametrize("page", WRITTEN, ids=NAMES)
def test_every_path_of_the_pages_exists(page: Path):
    missing = [
        path
        for path in PATHS.findall(page.read_text())
        # A name in capitals stands for any.
        if not re.search(r"/[A-Z]{2,}", path) and not MADE.fullmatch(path)
        if not (any(ROOT.glob(path.rstrip("/"))))
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_link_of_the_pages_leads_somewhere(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_page_of_the_contract_names_all_that_the_models_do():
    page = (ROOT / "docs/contract.md").read_text()
    files = {name: model for name, model in FILES.items() if name != "status.json"}  # the harness's
    words = [*TASKS, *CLASSES, *files, *Verb.__args__, *FailureKind.__args__, *Hides.__args__]
    fields = {
        field
        for model in files.values()
        for part in [model.model_json_schema()]
        for each in [part, *part.get("$defs", {}).values()]
        for field in each.get("properties", {})
    }
    limits = MethodCard.model_fields["limits"].default
    words += [*fields, f"{limits.minutes:g}", f"{limits.memory_gb:g}", f"{limits.output_gb:g}"]
    assert [word for word in words if not re.search(rf"\b{re.escape(word)}\b", page)] == []


def test_the_page_of_the_statistics_gives_the_figures_of_the_code():
    from benchmarks.metrics.table import MACRO_F1, NRMSE

    page = (ROOT / "docs/statistics.md").read_text()
    for figure in (
        f"{NRMSE.margin} of skill",
        f"{MACRO_F1.margin} of macro-F1",
        f"{statistics.APPROXIMATE_COVERAGE:.0%} of test sets".replace("%", " %"),
        f"up to {comparisons.FLIPPED_EXACTLY} patients",
        f"{comparisons.BOOTSTRAPS:,} bootstraps".replace(",", " "),
    ):
        assert figure in page, figure


def test_every_word_is_explained_once():
    words = re.findall(r"(?m)^\| (?!word|---)([^|]+) \|", (ROOT / "docs/glossary.md").read_text())
    each = [word.strip() for entry in words for word in entry.split(",")]
    assert len(each) > 50 and len(each) == len(set(each))
