"""Source digests: what a stage was made by, so that a comment reruns nothing and a changed line
does.

A digest is a sha256 over the tokens, without comments and blank lines, of a module and of every
module of ours that it imports. `sync` writes them into `benchmarks/source.json` and
`methods/<name>/source.json`; stages take them as params, which DVC compares by value."""

import ast
import functools
import hashlib
import io
import json
import tokenize
from pathlib import Path

from benchmarks.contract import CONTRACT_VERSION
from benchmarks.datasets import is_published, sources
from benchmarks.files import digest
from benchmarks.settings import ROOT, boards_of, method_folders, read_method, settings
from pipeline.recipes import base_digest, base_of, file_digest, is_plain, plain_lines

PACKAGES = ("benchmarks", "pipeline", "containers", "leaderboard", "methods")
NO_SOURCE = {
    "README.md",
    ".gitignore",
    "method.yaml",
    "params.json",
    "source.json",
    "dvc.yaml",
    "dvc.lock",
    "Dockerfile",
}
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}

# The harness's groups: a stage of the root dvc.yaml with the module that its command enters by.
GROUPS = {
    "cases": "benchmarks/cases/build.py",
    "score": "leaderboard/scoring/score.py",
    "history": "leaderboard/records/histories.py",
    "leaderboard": "leaderboard/board.py",
}


@functools.cache
def tokens_digest(path: Path) -> str:
    """sha256 of the tokens of a Python file, comments, blank lines and layout of line ends left
    out."""
    read = io.StringIO(path.read_text()).readline
    kept = [
        (token.type, token.string)
        for token in tokenize.generate_tokens(read)
        if token.type not in LAYOUT
    ]
    # INDENT tokens carry the indentation's text, DEDENT none: their order is what counts.
    text = "\n".join(f"{kind} {'' if kind == tokenize.INDENT else string}" for kind, string in kept)
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def imports(path: Path, root: Path) -> tuple[Path, ...]:
    """The modules of ours that a Python file imports, at its top or inside functions."""
    modules: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            base = root if name.split(".")[0] in PACKAGES else path.parent
            module = base.joinpath(*name.split("."))
            # A package's __init__ counts only where it holds code: most of ours are empty.
            candidates = (module.with_suffix(".py"), module / "__init__.py")
            modules.update(candidate for candidate in candidates if candidate.is_file())
    return tuple(sorted(modules))


def closure(entries: list[Path], root: Path) -> list[Path]:
    """`entries` and every module of ours that they lead to."""
    seen: set[Path] = set()
    waiting = list(entries)
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(imports(path, root))
    return sorted(seen)


def group_digest(entries: list[Path], root: Path = ROOT) -> str:
    """The digest of a group of sources, over its closure of imports."""
    return digest(
        {str(path.relative_to(root)): tokens_digest(path) for path in closure(entries, root)}
    )


def harness_digest(group: str, root: Path = ROOT) -> str:
    """The digest of what makes a stage of GROUPS."""
    return group_digest([root / GROUPS[group]], root)


def records_group(dataset: str) -> str:
    """The name of the stage that prepares a data set, and of the group of its sources.

    >>> records_group("synthetic")
    'records-synthetic'
    """
    return f"records-{dataset}"


def records_digest(dataset: str, root: Path = ROOT) -> str:
    """The digest of what prepares a data set: its module, and that of the set that gives it
    noise."""
    modules = [f"benchmarks/datasets/{name}.py" for name in sources(dataset)]
    return group_digest([root / path for path in ("benchmarks/cases/records.py", *modules)], root)


def used_datasets(root: Path = ROOT) -> list[str]:
    """The data sets of the boards, each once."""
    return list(dict.fromkeys(board.dataset for board in settings(root).boards.values()))


def published_sources(root: Path = ROOT) -> list[str]:
    """The data sets to fetch for the boards: their own, and those that give them noise."""
    found = dict.fromkeys(part for name in used_datasets(root) for part in sources(name))
    return [name for name in found if is_published(name)]


def method_files(folder: Path, suffix: str = "") -> list[Path]:
    """What of a method's folder is in its image: all but prose and what is written by tools."""
    files = [
        path
        for path in sorted(folder.rglob(f"*{suffix}"))
        if path.is_file() and path.name not in NO_SOURCE
    ]
    return [path for path in files if "__pycache__" not in path.parts and path.suffix != ".tmp"]


def method_digest(folder: Path, root: Path = ROOT) -> str:
    """The source digest of a method, which also names its image: its files, the kit modules that it
    imports, what its card asks for, the recipe of its base with its locks, and the contract. Its
    README and prose are no part of it, nor is a Dockerfile that adds nothing. Raises UserError
    where the Dockerfile is missing or starts from what is not pinned."""
    files = method_files(folder)
    card = read_method(folder)[0].card
    base = base_of(folder)
    return digest(
        {
            "python": group_digest([path for path in files if path.suffix == ".py"], root),
            "others": {
                str(path.relative_to(root)): file_digest(path)
                for path in files
                if path.suffix != ".py"
            },
            "card": card.model_dump(include={"tasks", "verbs", "deterministic", "limits", "entry"}),
            "base": base_digest(base, root) if base else None,
            "contract": CONTRACT_VERSION,
            **(
                {}
                if is_plain(folder)
                else {"dockerfile": plain_lines(folder / "Dockerfile").decode()}
            ),
        }
    )


def cards_digest(board: str, root: Path = ROOT) -> str:
    """The digest of the cards of a board's methods, prose and all: the board prints it."""
    cards = [read_method(folder)[0].card for folder in method_folders(root)]
    return digest(
        {card.name: card.model_dump() for card in cards if board in boards_of(card, root)}
    )


def source_texts(root: Path = ROOT) -> dict[Path, str]:
    """What every `source.json` must say."""
    harness = {records_group(name): records_digest(name, root) for name in used_datasets(root)}
    harness |= {name: harness_digest(name, root) for name in GROUPS}
    harness |= {f"cards-{board}": cards_digest(board, root) for board in settings(root).boards}
    values = {root / "benchmarks/source.json": harness}
    values |= {
        folder / "source.json": {"method": method_digest(folder, root)}
        for folder in method_folders(root)
    }
    return {path: json.dumps(value, indent=1) + "\n" for path, value in values.items()}
