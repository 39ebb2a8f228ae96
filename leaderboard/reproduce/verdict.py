"""Whether a run that was made again is the published one: the same bytes, numbers within tolerance,
or others."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.metrics.table import METRICS, Tolerance
from leaderboard.records.reproduced import VERDICTS, Word
from leaderboard.scoring.documents import ScoreDocument

# The same predictions, scored by the same scorer: nothing but the last published digits may differ.
SAME_PREDICTIONS = Tolerance(1e-5, 1e-5)


class Difference(NamedTuple):
    """One thing that is compared; `fine` is None where it decides nothing."""

    what: str
    published: Any
    here: Any
    fine: bool | None = None


@dataclass(frozen=True)
class Verdict:
    """The verdict on a run that was made again: the word, why it is not `identical`, and what was
    compared."""

    target: str
    word: Word
    reasons: list[str]
    environment: list[Difference]
    outcome: list[Difference]
    key: str  # of the published run
    hardware: str
    runner: str

    @property
    def exit_status(self) -> int:
        """What `pqrst reproduce` ends with."""
        return VERDICTS[self.word].exit_status


def compare_scores(
    published: ScoreDocument, here: ScoreDocument, learned: bool, same_predictions: bool
) -> list[Difference]:
    """Compare the published score document of a cell with that made here, metric by metric; a
    difference in how they ended stands first."""
    differences = []
    seed = f"seed {published.seed}"
    if published.status != here.status:
        differences.append(Difference(f"{seed}: status", published.status, here.status, False))
    for scenario in dict.fromkeys([*published.scenarios, *here.scenarios]):
        theirs, ours = (
            document.scenarios[scenario].metrics if scenario in document.scenarios else {}
            for document in (published, here)
        )
        for metric in dict.fromkeys([*theirs, *ours]):
            pair = theirs.get(metric), ours.get(metric)
            tolerance = SAME_PREDICTIONS if same_predictions else METRICS[metric].tolerance
            name = f"{seed}: {scenario} {METRICS[metric].label}"
            differences.append(Difference(name, *pair, _allowed(pair, tolerance, learned)))
    return differences


def _allowed(
    pair: tuple[float | None, float | None], tolerance: Tolerance | None, learned: bool
) -> bool | None:
    published, here = pair
    if published is None or here is None:
        return published == here if tolerance else None
    return tolerance.allows(published, here, learned) if tolerance else None


def judge(outcome: list[Difference], same: bool, reasons: list[str]) -> tuple[Word, list[str]]:
    """The word and its reasons. `same` says that all bytes are equal; `reasons` say why the run was
    not made from what the published one was."""
    beyond = [difference for difference in outcome if difference.fine is False]
    if beyond:
        first = beyond[0]
        reasons = [
            *reasons,
            (
                f"{len(beyond)} of {len(outcome)} figures are beyond their tolerance, the first"
                f" {first.what}: {first.published} published, {first.here} here"
            ),
        ]
    if reasons:
        return "drifted", reasons
    return (
        ("identical", [])
        if same
        else ("within tolerance", ["the bytes are not the same, all figures are close"])
    )


def print_verdict(verdict: Verdict, console: Console | None = None) -> None:
    """Print what differs, of the environment and of the outcome, and the verdict."""
    console = console or Console()
    for title, rows in (("environment", verdict.environment), ("outcome", verdict.outcome)):
        table = Table(
            title=title, title_justify="left", title_style="bold", box=None, pad_edge=False
        )
        table.add_column(no_wrap=True)
        table.add_column("published", overflow="fold")
        table.add_column("here", overflow="fold")
        table.add_column(no_wrap=True)
        equal = 0
        for row in rows:
            if row.published == row.here and title == "outcome":
                equal += 1
                continue
            mark = {None: "", True: "within tolerance", False: "beyond tolerance"}[row.fine]
            if title == "environment":
                mark = "" if row.published == row.here else "differs"
            # What a machine or an image calls itself is no markup.
            table.add_row(
                *(Text(_text(part)) for part in row[:3]),
                mark,
                style="red" if row.fine is False else "",
            )
        if table.row_count:
            console.print(table)
        if equal:
            console.print(f"{equal} figures of the {title} are the same", highlight=False)
    for reason in verdict.reasons:
        console.print(f"- {reason}", highlight=False, markup=False, soft_wrap=True)
    colour = VERDICTS[verdict.word].colour
    console.print(
        f"{verdict.target}: [bold {colour}]{verdict.word}[/]", highlight=False, soft_wrap=True
    )


def _text(value: Any) -> str:
    """A value as a table shows it: digests short."""
    if value is None or isinstance(value, float):
        return "–" if value is None else f"{value:.6g}"
    return re.sub(r"[0-9a-f]{32,}", lambda digest: f"{digest[0][:8]}…", str(value))
