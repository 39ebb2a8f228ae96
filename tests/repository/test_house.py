"""The house is a staircase: no module imports from a higher floor, no room from a higher room."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.settings import ROOT

# Each package with its rooms, from the ground up; "" is what lies in the package itself.
FLOORS = {
    "benchmarks": ("", "datasets", "cases", "metrics"),
    "pipeline": ("",),
    "containers": ("calls", "images", "leaks", "sandbox", ""),
    "leaderboard": (
        *("scoring", "analysis", "records", "gate", "views", "page", "reproduce", "archive"),
        "",
    ),
    "pqrst": ("",),
}
KIT = ("", "contract", "signal", "network")


# They load the module of a data set that is named in params.yaml.
BY_NAME = {"benchmarks.datasets", "benchmarks.datasets.fetch"}
FLOOR = re.compile(rf"({'|'.join(FLOORS)})(\.[a-z_]+)+")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or inside functions, or names in a text of its
    own, as for `python -m`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and FLOOR.fullmatch(str(node.value)):
            yield str(node.value)


def hidden_imports(root: Path) -> list[str]:
    """Imports that neither this law nor the digests of sources can follow: relative ones, and by a
    name that is known only when it runs."""
    found = []
    for path in sorted(path for top in (*FLOORS, "methods") for path in (root / top).rglob("*.py")):
        name = path.relative_to(root).with_suffix("").as_posix().replace("/", ".")
        name = name.removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                found.append(f"{name} imports {'.' * node.level}{node.module or ''}")
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            by_name = called.split(".")[-1] in ("import_module", "__import__", "run_module")
            if by_name and name not in BY_NAME:
                found.append(f"{name} calls {called}")
    return found


def place(dotted: str) -> tuple[str, str]:
    """The package and the room of a module or of a name in it."""
    package, *rest = dotted.split(".")
    return package, rest[0] if rest and rest[0] in FLOORS.get(package, ()) else ""


def breaches(root: Path) -> list[str]:
    order = list(FLOORS)
    found = []
    for path in sorted(path for package in FLOORS for path in (root / package).rglob("*.py")):
        name = path.relative_to(root).with_suffix("").as_posix().replace("/", ".")
        package, room = place(name)
        for module in imported(path):
            other, there = place(module)
            higher = other in order and order.index(other) > order.index(package)
            rooms = FLOORS[package]
            above = other == package and rooms.index(there) > rooms.index(room)
            if higher or above or other == "methods":
                found.append(f"{name} imports {module}")
    return found


def test_no_module_imports_from_a_higher_floor_or_room():
    assert breaches(ROOT) == []


def test_a_breach_is_found(tmp_path):
    for file, text in {
        "benchmarks/a.py": "from pipeline.state import read_stages",
        "leaderboard/scoring/b.py": "def f():\n    from leaderboard.views import latex",
        "pipeline/c.py": "import methods.kit.contract.call",
        "pqrst/d.py": "from leaderboard.views import latex",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert breaches(tmp_path) == [
        "benchmarks.a imports pipeline.state.read_stages",
        "leaderboard.scoring.b imports leaderboard.views.latex",
        "pipeline.c imports methods.kit.contract.call",
    ]


def test_no_import_is_hidden_from_the_law_and_from_the_digests():
    assert hidden_imports(ROOT) == []


def test_a_hidden_import_is_found(tmp_path):
    for file, text in {
        "benchmarks/a.py": "from . import settings\nfrom .metrics import table",
        "containers/b.py": "import importlib\nimportlib.import_module('x')",
        "benchmarks/c.py": "RUN = ('python', '-m', 'leaderboard.board')",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    assert hidden_imports(tmp_path) == [
        "benchmarks.a imports .",
        "benchmarks.a imports .metrics",
        "containers.b calls importlib.import_module",
    ]
    assert breaches(tmp_path) == ["benchmarks.c imports leaderboard.board"]


def test_every_room_on_disk_is_in_the_law():
    for package, rooms in FLOORS.items():
        found = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert found == set(rooms) - {""}


def test_methods_import_of_ours_nothing_but_the_kit_and_the_kit_no_higher_room():
    found = []
    for path in sorted((ROOT / "methods").rglob("*.py")):
        inside = path.relative_to(ROOT / "methods").parts
        for module in imported(path):
            if module.split(".")[0] in FLOORS or (
                module.startswith("methods.") and not module.startswith("methods.kit.")
            ):
                found.append(f"{path} imports {module}")
            elif inside[0] == "kit" and module.startswith("methods.kit."):
                room = inside[1] if inside[1] in KIT else ""
                there = module.split(".")[2]
                if KIT.index(there if there in KIT else "") > KIT.index(room):
                    found.append(f"{path} imports {module}")
    assert found == []


def test_every_room_holds_two_to_nine_modules():
    for package, rooms in FLOORS.items():
        for room in filter(None, rooms):
            modules = [p for p in (ROOT / package / room).glob("*.py") if p.name != "__init__.py"]
            assert 2 <= len(modules) <= 9, f"{package}/{room}: {len(modules)}"
