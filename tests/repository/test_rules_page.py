"""docs/rules.md is complete and true, no docstring is a bare rule number, and no comment or
docstring cites a file that is not in the repository."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

from benchmarks.settings import ROOT

ID = re.compile(r"\b(?:X|T\d)-\d+\b")
BARE = re.compile(rf"(?:{ID.pattern}|\s|and|[,;:.])+")
PACKAGES = ("benchmarks", "pipeline", "containers", "leaderboard", "methods", "pqrst", "tests")
# A page or a module, with or without its folders, or a page that is named in capitals.
CITED = re.compile(r"(?<![\w<{*/-])[\w.-]+(?:/[\w.-]+)*\.(?:md|py)\b|\bDESIGN\b")


def sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """The name and the docstring, empty where there is none, of a module and of all in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield getattr(node, "name", path.stem), ast.get_docstring(node) or ""


def comments(path: Path) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def tests() -> set[str]:
    """The name of every test."""
    return {
        node.name
        for path in sources("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def rules() -> dict[str, list[str]]:
    """The tests that the page names for each id."""
    rows = re.findall(r"^\| (\S+) \| .* \| (.*) \|$", (ROOT / "docs/rules.md").read_text(), re.M)
    return {
        rule: re.findall(r"`(test_\w+)`", proofs) for rule, proofs in rows if ID.fullmatch(rule)
    }


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return ["/" + name for name in listed.stdout.splitlines()]


def test_every_id_that_a_test_cites_is_on_the_page():
    cited = {found for path in sources("tests") for found in ID.findall(path.read_text())}
    assert cited - set(rules()) == set()


def test_every_rule_names_tests_that_exist():
    named, known = rules(), tests()
    assert len(named) > 40
    assert [rule for rule, proofs in named.items() if not proofs] == []
    assert {proof for proofs in named.values() for proof in proofs} - known == set()


def test_no_docstring_is_a_bare_rule_number():
    bare = [
        f"{path.relative_to(ROOT)}: {name}: {text}"
        for path in sources("tests")
        for name, text in docstrings(path)
        if BARE.fullmatch(text)
    ]
    assert bare == []


def test_what_comments_and_docstrings_cite_is_in_the_repository():
    files = tracked()
    missing = [
        f"{path.relative_to(ROOT)}: {cited}"
        for path in sources(*PACKAGES)
        for text in (*(text for _, text in docstrings(path)), *comments(path))
        for cited in CITED.findall(text)
        if not any(name.endswith("/" + cited) for name in files)
    ]
    assert missing == []


def test_a_bare_number_and_a_missing_file_are_found():
    assert BARE.fullmatch("T4-12.") and BARE.fullmatch("X-2, X-11.") and BARE.fullmatch("X-1")
    assert not BARE.fullmatch("X-13, and after a kill.")
    assert CITED.findall(
        "see `research/prototype.md` and DESIGN 2, not The Design of Experiments"
    ) == [
        "research/prototype.md",
        "DESIGN",
    ]
