"""Numbers that others published (`published.yaml`), checked, for the page and the end of
`board.md`'s tables.

They are apart from ours: each says by which protocol it was made, whether that is comparable and
why, and where we read the number."""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from tabulate import tabulate

from benchmarks import contract
from benchmarks.contract import Model, Task
from benchmarks.errors import UserError
from benchmarks.metrics.table import METRICS
from benchmarks.scenarios import HEARTBEAT, MOST_LEADS, scenarios
from benchmarks.settings import ROOT, settings
from benchmarks.text import markdown_cell
from leaderboard.records.boards import Cell

PATH = "leaderboard/published.yaml"
READ = ("in the publication", "second-hand", "unverified")


class Value(Model):
    """One number. `class` for what is counted per class of heartbeats."""

    metric: str
    label: Literal["N", "S", "V", "F", "Q"] | None = Field(default=None, alias="class")
    value: float

    @property
    def key(self) -> str:
        """The metric's name on our boards."""
        return f"{self.metric}_{self.label}" if self.label else self.metric


class Publication(Model):
    """What one publication says about one scenario of a board."""

    name: str
    board: str
    task: Task
    scenario: str
    approach: str
    protocol: str = ""
    citation: str = ""
    doi: str = ""
    url: str = ""
    comparable: Literal["yes", "partly", "no"]
    because: str
    verified: Literal["in the publication", "second-hand", "unverified"]
    where: str = ""
    values: Annotated[list[Value], Field(min_length=1)]

    @property
    def link(self) -> str:
        """Where it can be read."""
        return self.url or f"https://doi.org/{self.doi}"


class Publications(Model):
    """The whole of `published.yaml`."""

    published: list[Publication]


@cache
def load(root: Path = ROOT) -> tuple[Publication, ...]:
    """Every publication of `published.yaml`; none where there is no such file.

    Raises UserError naming the publication and what is wrong: no citation, a citation without a
    protocol or a link, an unknown board, scenario or metric, a metric without its class, a number
    out of range or given twice, one marked unverified that is to be shown as verified."""
    path = root / PATH
    if not path.exists():
        return ()
    publications = contract.load(Publications, path).published
    seen: set[tuple] = set()
    for publication in publications:
        for trouble in _troubles(publication, root):
            raise UserError(f"{path}: {publication.name}: {trouble}")
        for value in publication.values:
            address = (publication.board, publication.scenario, publication.name, value.key)
            if address in seen:
                raise UserError(
                    f"{path}: {publication.name}: {value.key} is given twice; keep one of them"
                )
            seen.add(address)
    return tuple(publications)


def _troubles(publication: Publication, root: Path) -> list[str]:
    boards = settings(root).boards
    tasks = {HEARTBEAT.name: HEARTBEAT.task} | {
        each.name: each.task for each in scenarios(MOST_LEADS)
    }
    scenario = publication.scenario
    troubles = []
    if not publication.citation.strip():
        troubles.append("numbers without a citation: say authors, title, where and when")
    if not publication.protocol.strip():
        troubles.append(
            "a citation without a protocol: say which patients it trained on and which it tested"
        )
    if not (publication.doi or publication.url):
        troubles.append("expected a doi or a url, found neither")
    if publication.board not in boards:
        troubles.append(
            f"board is {publication.board!r}, expected one of params.yaml: {', '.join(boards)}"
        )
    if tasks.get(scenario) != publication.task:
        names = ", ".join(name for name, task in tasks.items() if task == publication.task)
        troubles.append(f"scenario is {scenario!r}, expected one of {publication.task}: {names}")
    if publication.verified == "unverified" and publication.where:
        troubles.append(
            f"a number marked unverified is to be shown as read in {publication.where!r}: take"
            f" `where` out, or say verified: {READ[0]} or {READ[1]}"
        )
    if publication.verified != "unverified" and not publication.where:
        troubles.append(
            f"verified is {publication.verified!r} and `where` is empty: say in which part, or"
            " whose table"
        )
    return troubles + [
        trouble
        for value in publication.values
        for trouble in _value_troubles(value, publication.task)
    ]


def _value_troubles(value: Value, task: str) -> list[str]:
    quotable = [m for m in METRICS.values() if (m.task == task) == (task == HEARTBEAT.task)]
    by_class = {m.name.removesuffix(f"_{m.label_of}"): bool(m.label_of) for m in quotable}
    if value.metric not in by_class:
        return [f"metric is {value.metric!r}, expected one of {', '.join(by_class)}"]
    if by_class[value.metric] != (value.label is not None):
        return [
            f"{value.metric}: expected {'a class' if by_class[value.metric] else 'no class'},"
            f" found {value.label}"
        ]
    low, high = sorted((METRICS[value.key].best, METRICS[value.key].worst))
    if not (math.isfinite(value.value) and low <= value.value <= high):
        return [
            f"{value.key} is {value.value}, expected a share between {low} and {high}, not per cent"
        ]
    return []


def literature_rows(board: str, root: Path = ROOT) -> list[dict[str, Any]]:
    """The published numbers of a board, one dict each: name, approach, task, scenario, metric (its
    name on our board), label, value, protocol, citation, url, comparable, because, verified,
    where."""
    rows = []
    for publication in load(root):
        if publication.board != board:
            continue
        about = publication.model_dump(exclude={"board", "doi", "url", "values"})
        for value in publication.values:
            number = {"metric": value.key, "label": METRICS[value.key].label, "value": value.value}
            rows.append({**about, **number, "url": publication.link})
    return rows


def derived(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    """`metrics` of the heartbeat scenario by name, with those that others publish and our scorer
    does not:

    mean_sensitivity over N, S, V and F, and j_kappa = κ/2 + (Se S + Se V + +P S + +P V)/8 (Mar et
    al. 2011)."""
    sensitivities = [metrics.get(f"sensitivity_{label}") for label in "NSVF"]
    ectopic = [
        metrics.get(f"{name}_{label}")
        for name in ("sensitivity", "positive_predictivity")
        for label in "SV"
    ]
    kappa = metrics.get("kappa")
    known = [value for value in sensitivities if value is not None]
    mean = sum(known) / 4 if len(known) == 4 else None
    four = [value for value in ectopic if value is not None]
    index = kappa / 2 + sum(four) / 8 if kappa is not None and len(four) == 4 else None
    return {**metrics, "mean_sensitivity": mean, "j_kappa": index}


def literature_table(board: str, cells: list[Cell], root: Path = ROOT) -> str:
    """The published heartbeat numbers of a board as Markdown under a heading of their own; empty
    where there are none.

    The first line is the span of our own rows that are no control, so that no row of ours is chosen
    by its test score."""
    rows = [row for row in literature_rows(board, root) if row["scenario"] == HEARTBEAT.name]
    if not rows:
        return ""
    given = {row["metric"] for row in rows}
    keys = [key for key in _order() if key in given]
    ours = [
        _heartbeat(cell)
        for cell in cells
        if cell.family != "control" and HEARTBEAT.name in cell.scenarios
    ]
    ours = [metrics for metrics in ours if metrics]
    lines = (
        [[f"*ours, {len(ours)} rows*", *(_span(key, ours) for key in keys), "", ""]] if ours else []
    )
    for name in dict.fromkeys(row["name"] for row in rows):
        mine = [row for row in rows if row["name"] == name]
        first = mine[0]
        mark = "?" if first["verified"] == "unverified" else ""
        values = {row["metric"]: f"{row['value']:.4g}{mark}" for row in mine}
        read = markdown_cell(
            f"{first['verified']}: {first['where']}" if first["where"] else first["verified"]
        )
        comparable = markdown_cell(f"{first['comparable']}: {first['because']}")
        link = f"[{markdown_cell(name)}]({first['url']})"
        lines.append([link, *(values.get(key, "") for key in keys), comparable, read])
    head = ["published", *(METRICS[key].label for key in keys), "comparable with ours", "read"]
    return (
        "### Published elsewhere\n\nNot made here: no run of ours stands behind these numbers, none"
        " has an interval over patients, and none is ranked. Compare only what the column says is"
        " comparable; `?`: quoted, not yet read in the publication. Protocols and citations:"
        " `leaderboard/published.yaml`.\n\n"
        + tabulate(lines, head, tablefmt="github", disable_numparse=True)
        + "\n"
    )


def _order() -> list[str]:
    """The metrics of heartbeats in the order of the literature's tables: accuracy, those by class,
    the others."""
    names = [m.name for m in METRICS.values() if m.task == HEARTBEAT.task]
    return sorted(names, key=lambda name: (name != "accuracy", not METRICS[name].label_of))


def _heartbeat(cell: Cell) -> dict[str, float | None]:
    metrics = cell.scenarios[HEARTBEAT.name].metrics
    return derived({name: summary.value for name, summary in metrics.items()}) if metrics else {}


def _span(key: str, ours: list[dict[str, float | None]]) -> str:
    known = [value for value in (metrics.get(key) for metrics in ours) if value is not None]
    return f"*{min(known):.2f}–{max(known):.2f}*" if known else ""
