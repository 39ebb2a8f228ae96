"""`pqrst escape`: what each of the hostile scripts in `tests/docker/cheaters/` gets on this
machine's engine.

A cheater says in its first line what it tries, and in EXPECT and REASON how it must end. A *probe*
ends well and prints `REACHED:` for whatever it should not have reached; an *attack* ends as a
failure of a certain kind."""

import ast
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from tabulate import tabulate

from benchmarks.contract import Budget, Call, Limits, Scenario, WindowSet, write_model
from benchmarks.errors import UserError
from benchmarks.files import digest, write_text
from benchmarks.seeds import generator
from benchmarks.settings import RATE, ROOT, SAMPLES
from benchmarks.text import markdown_cell, printable
from containers.calls import collect
from containers.calls.call import Invocation, Outcome
from containers.images.build import Image, ensure
from containers.images.engine import connect
from containers.sandbox import docker

FOLDER = ROOT / "tests/docker/cheaters"
PUBLISHED = ROOT / "docs/escape.md"
LIMITS = {"minutes": 1, "memory_gb": 1, "output_gb": 0.05}


@dataclass(frozen=True)
class Cheater:
    """A hostile script: what it tries, and how its call must end."""

    name: str
    tries: str
    expect: str
    reason: str
    limits: Limits
    runs: int


def cheaters(folder: Path = FOLDER) -> list[Cheater]:
    """Every script of `folder` that says how it must end."""
    found = []
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text())
        said = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in ("EXPECT", "REASON", "LIMITS", "RUNS")
        }
        if "EXPECT" in said:
            tries = (ast.get_docstring(tree) or path.stem).split("\n")[0]
            limits = Limits(**LIMITS | said.get("LIMITS", {}))
            found.append(
                Cheater(
                    path.stem, tries, said["EXPECT"], said["REASON"], limits, said.get("RUNS", 1)
                )
            )
    return found


def write_case(folder: Path) -> np.ndarray:
    """A small case of forecasting for the cheaters to see; returns what it wants: bool (windows,
    leads, samples)."""
    signal = generator("escape").normal(size=(4, 2, SAMPLES)).astype(np.float32)
    signal[..., SAMPLES // 2 :] = np.nan
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "windows.npy", signal)
    hidden = Scenario(name="forecast-50", task="forecasting", hides="future", seconds=5)
    write_model(
        folder / "windows.json",
        WindowSet(rate=RATE, leads=[["I", "II"]] * len(signal), scenario=hidden),
    )
    return np.isnan(signal)


def let_loose(cheater: Cheater, image: Image, case: Path, wanted: np.ndarray) -> Outcome:
    """Run a cheater as often as it asks for, and check what it wrote as any prediction is
    checked."""
    asked = Call(
        verb="predict", task="forecasting", params={}, seed=0, budget=Budget(steps=1, windows=1)
    )
    for _ in range(cheater.runs):
        with tempfile.TemporaryDirectory(prefix="pqrst-escape-") as scratch:
            output = Path(scratch)
            entry = ["python", f"{cheater.name}.py"]
            outcome = docker.run(
                Invocation(FOLDER, entry, asked, {"case": case}, output, cheater.limits), image
            )
            if outcome.kind == "ok":
                try:
                    collect.read_prediction(output, wanted)
                except collect.InvalidOutput as error:
                    outcome = replace(outcome, kind="invalid-output", reason=str(error))
    return outcome


def breaches(cheater: Cheater, outcome: Outcome) -> list[str]:
    """What a cheater got that it must not get; an empty list where the sandbox held."""
    found = [line for line in outcome.log.splitlines() if line.startswith("REACHED:")]
    if outcome.kind != cheater.expect:
        found.append(f"ended as {outcome.kind} ({outcome.reason}), expected {cheater.expect}")
    elif cheater.reason not in outcome.reason:
        found.append(f"its reason is {outcome.reason!r}, expected {cheater.reason!r} in it")
    return found


def matrix(chosen: list[Cheater]) -> Iterator[tuple[Cheater, Outcome, list[str]]]:
    """Let each of the chosen cheaters loose in turn: (cheater, how it ended, what it got)."""
    image = ensure(FOLDER, ROOT)
    docker.sweep()
    with tempfile.TemporaryDirectory(prefix="pqrst-escape-") as scratch:
        case = Path(scratch) / "case"
        wanted = write_case(case)
        before = _bytes_of(case)
        for cheater in chosen:
            outcome = let_loose(cheater, image, case, wanted)
            found = breaches(cheater, outcome)
            if _bytes_of(case) != before:
                found.append("the case was changed")
            yield cheater, outcome, found


def show(names: list[str], publish_it: bool, console: Console | None = None) -> bool:
    """Run the matrix and print it as it grows; True if everything held."""
    console = console or Console()
    known = cheaters()
    if unknown := set(names) - {cheater.name for cheater in known}:
        raise UserError(
            f"no cheater {', '.join(sorted(unknown))}; known: {', '.join(c.name for c in known)}"
        )
    chosen = [cheater for cheater in known if not names or cheater.name in names]
    results = []
    for number, (cheater, outcome, found) in enumerate(matrix(chosen), 1):
        results.append((cheater, outcome, found))
        mark = "[red]ESCAPED[/]" if found else "[green]held[/]"
        console.print(f"{number:3}/{len(chosen)} {mark} {cheater.name}: {escape(cheater.tries)}")
        console.print(
            f"        {outcome.kind} {escape(printable('; '.join(found) or outcome.reason)[:150])}",
            style="dim",
        )
    if publish_it and len(chosen) == len(known):
        publish(results)
    return not any(found for _, _, found in results)


def publish(results: list[tuple[Cheater, Outcome, list[str]]]) -> None:
    """Write the table of a whole matrix to docs/escape.md, with the engine and the day."""
    version = connect().version()
    kernel = version.get("KernelVersion", "unknown")
    rows = [
        [cheater.tries, outcome.kind, "; ".join(found) or outcome.reason or "reached nothing"]
        for cheater, outcome, found in results
    ]
    held = sum(not found for _, _, found in results)
    text = "\n".join(
        [
            "# What cheaters get\n",
            (
                f"{held} of {len(results)} held, on {datetime.now(UTC):%Y-%m-%d}, engine"
                f" {version['Version']} (API {version['ApiVersion']}), kernel {kernel}. Written by"
                " `pqrst escape --publish`; each line is a script in `tests/docker/cheaters/`, run"
                " in the sandbox of `containers/sandbox/options.py`. A line that ends `ok` is a"
                " probe: it found nothing that it could reach.\n"
            ),
            tabulate(
                [[markdown_cell(cell) for cell in row] for row in rows],
                ["tries", "ends as", "what it got"],
                "github",
            ),
            "",
        ]
    )
    write_text(PUBLISHED, text)


def _bytes_of(folder: Path) -> str:
    return digest({path.name: path.read_bytes().hex() for path in sorted(folder.iterdir())})
