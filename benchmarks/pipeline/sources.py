"""Source digests: what a stage was made by, so that a comment reruns nothing and a changed line does.

A digest is a sha256 over the tokens, without comments and blank lines, of a module and of every module of ours that it
imports. `sync` writes them into `benchmarks/source.json` and `methods/<name>/source.json`; stages take them as params,
which DVC compares by value.
"""

import ast
import functools
import hashlib
import io
import json
import tokenize
from pathlib import Path

from benchmarks.contract import CONTRACT_VERSION, digest, write_if_changed
from benchmarks.settings import ROOT, method_folders, read_method

PACKAGES = ("benchmarks", "containers", "leaderboard", "methods")
NO_SOURCE = {"README.md", "method.yaml", "params.json", "source.json", "dvc.yaml", "dvc.lock", ".gitignore"}
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}

# The harness's groups: each stage of the root dvc.yaml with the modules that its command enters by.
GROUPS = {
    "fetch": ["benchmarks/datasets/fetch.py"],
    "simulate": ["benchmarks/windows.py", "benchmarks/datasets/synthetic.py"],
    "windows-mitdb": ["benchmarks/windows.py", "benchmarks/datasets/mitdb.py", "benchmarks/datasets/nstdb.py"],
    "cases": ["benchmarks/cases.py"],
    "score": ["leaderboard/score.py"],
    "leaderboard": ["leaderboard/board.py"],
}


@functools.cache
def tokens_digest(path: Path) -> str:
    """sha256 of the tokens of a Python file, comments, blank lines and layout of line ends left out."""
    read = io.StringIO(path.read_text()).readline
    kept = [(token.type, token.string) for token in tokenize.generate_tokens(read) if token.type not in LAYOUT]
    # INDENT tokens carry the indentation's text, DEDENT none: their order is what counts.
    text = "\n".join(f"{kind} {'' if kind == tokenize.INDENT else string}" for kind, string in kept)
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def imports(path: Path, root: Path) -> tuple[Path, ...]:
    """The modules of ours that a Python file imports, at its top or inside functions."""
    found: set[Path] = set()
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
            found.update(candidate for candidate in candidates if candidate.is_file())
    return tuple(sorted(found))


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
    return digest({str(path.relative_to(root)): tokens_digest(path) for path in closure(entries, root)})


def environment_digest(root: Path = ROOT) -> str:
    """The digest of the locked environment; the build of torch, CPU or CUDA, is no part of it."""
    return hashlib.sha256((root / "containers/base/common.lock").read_bytes()).hexdigest()


def method_digest(folder: Path, root: Path = ROOT) -> str:
    """The source digest of a method: its files, the kit modules that it imports, what its card asks for, its
    environment and the contract. Its README and prose are no part of it."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in NO_SOURCE]
    files = [path for path in files if "__pycache__" not in path.parts and path.suffix != ".tmp"]
    python = [path for path in files if path.suffix == ".py"]
    others = {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.suffix != ".py"
    }
    card = read_method(folder)[0].card
    return digest(
        {
            "python": group_digest(python, root),
            "others": others,
            "card": card.model_dump(include={"tasks", "verbs", "deterministic", "limits", "entry"}),
            "environment": environment_digest(root),
            "contract": CONTRACT_VERSION,
        }
    )


def write_sources(root: Path = ROOT) -> list[Path]:
    """Write every `source.json` that is not current; returns those written."""
    harness = {name: group_digest([root / path for path in paths], root) for name, paths in GROUPS.items()}
    texts = {root / "benchmarks/source.json": harness}
    texts |= {folder / "source.json": {"method": method_digest(folder, root)} for folder in method_folders(root)}
    return [path for path, value in texts.items() if write_if_changed(path, json.dumps(value, indent=1) + "\n")]
