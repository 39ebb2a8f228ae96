"""A board as Markdown: per task a table of figures, with failures and their reasons, and one of
comparisons."""

from collections.abc import Sequence

from tabulate import tabulate

from benchmarks.contract import TASKS
from benchmarks.metrics.table import METRICS, columns_beside
from benchmarks.scenarios import HEARTBEAT
from benchmarks.text import markdown_cell
from leaderboard.analysis.analysis import FROM_NOTHING
from leaderboard.analysis.comparisons import LEVEL, POWER, smallest_p
from leaderboard.analysis.document import Analysis, Difference, Figure, ScenarioAnalysis
from leaderboard.analysis.statistics import CONFIDENCE
from leaderboard.records.boards import Cell, ranked_by
from leaderboard.records.cells import counts
from leaderboard.records.literature import literature_table
from leaderboard.views.labels import cost, made_again, made_again_of, number, signed


def unfinished(cells: list[Cell]) -> dict[str, str]:
    """Of each row with a cell that failed, how many of its tasks are scored: `3/4 tasks`."""
    asked: dict[str, dict[str, bool]] = {}
    for cell in cells:
        if cell.status != "not-applicable":
            tasks = asked.setdefault(cell.row, {})
            tasks[cell.task] = tasks.get(cell.task, True) and cell.status == "scored"
    return {
        row: f"{sum(tasks.values())}/{len(tasks)} tasks"
        for row, tasks in asked.items()
        if not all(tasks.values())
    }


def task_table(task: str, cells: list[Cell]) -> str:
    """The Markdown table of one task; rows that do not do it are named below, failures stand in
    it."""
    mine, partial = [cell for cell in cells if cell.task == task], unfinished(cells)
    scenarios = ranked_by(mine, task)
    extra = columns_beside(task)
    labels = [
        f"{name}<br>{metric.label}{'<br>(interval approximate)' if metric.approximate else ''}"
        for name, metric in scenarios.items()
    ]
    head = ["row", "family", *labels, *(metric.label for metric in extra)]
    lines = []
    for cell in mine:
        if cell.status == "not-applicable":
            continue
        notes = [f"seed {cell.seed}" if cell.seed else "", partial.get(cell.row, "")]
        label = f"{cell.row} ({', '.join(filter(None, notes))})" if any(notes) else cell.row
        if cell.status != "scored":
            reason = f"**{cell.status}**: {markdown_cell(cell.reason)}"
            lines.append(
                [
                    label,
                    cell.family,
                    reason,
                    *[""] * (len(head) - 3),
                    *cost(cell),
                    made_again(cell),
                ]
            )
            continue
        shown = [*scenarios.items(), *((HEARTBEAT.name, metric) for metric in extra)]
        values = [number(cell.summary(name, metric), metric) for name, metric in shown]
        lines.append([label, cell.family, *values, *cost(cell), made_again(cell)])
    absent = sorted({cell.row for cell in mine if cell.status == "not-applicable"})
    head += ["wall", "peak memory", "runner", "reproduced"]
    text = tabulate(lines, head, tablefmt="github", disable_numparse=True)
    return text + (f"\n\nNot applicable: {', '.join(absent)}.\n" if absent else "\n")


def comparison_table(task: str, analysis: Analysis) -> str:
    """The Markdown table of one task's rows against the strongest classical row, and what it can't
    tell."""
    scenarios = analysis.of_task(task)
    ranked = {row for scenario in scenarios.values() for row in scenario.ranks_of}
    rows = [row for row in analysis.rows if row in ranked]
    if not rows:
        return "No row that is no control was scored.\n"
    head = [
        f"{name}<br>against {scenario.reference or 'none'}" for name, scenario in scenarios.items()
    ]
    lines = [[row, *(_compared(row, scenario) for scenario in scenarios.values())] for row in rows]
    parts = [tabulate(lines, ["row", *head], tablefmt="github", disable_numparse=True) + "\n"]
    detectable = [
        f"{name} {scenario.mde:.2f}"
        for name, scenario in scenarios.items()
        if scenario.mde is not None
    ]
    patients = max(len(scenario.patients) for scenario in scenarios.values())
    if detectable:
        parts.append(
            f"Smallest difference that {patients} patients show {POWER:.0%} of the time:"
            f" {', '.join(detectable)}.\n"
        )
    powerless = [name for name, scenario in scenarios.items() if _powerless(scenario)]
    if powerless:
        parts.append(
            f"{patients} patients are too few for a permutation to call any of so many rows better"
            f" or worse: {', '.join(powerless)}.\n"
        )
    for name, scenario in scenarios.items():
        if scenario.influence:
            without = (
                f"without patient {scenario.influence.patient} it is {scenario.influence.leader}"
            )
            parts.append(f"One patient decides who leads {name}: {scenario.leader}, {without}.\n")
    spread = [
        [row, *(_spread(scenario.rows.get(row)) for scenario in scenarios.values())] for row in rows
    ]
    spread = [line for line in spread if any(line[1:])]
    if spread:
        parts.append("Standard deviation over seeds | over patients, of rows with several seeds:\n")
        parts.append(
            tabulate(spread, ["row", *scenarios], tablefmt="github", disable_numparse=True) + "\n"
        )
    return "\n".join(parts)


def _powerless(scenario: ScenarioAnalysis) -> bool:
    compared = sum(found.difference is not None for found in scenario.rows.values())
    return compared * smallest_p(len(scenario.patients)) >= LEVEL


def _compared(row: str, scenario: ScenarioAnalysis) -> str:
    """Verdict, difference with its interval, and rank set of a row."""
    figure = scenario.rows.get(row)
    if figure is None or figure.rank is None:
        return "–"
    first, last = figure.rank
    rank = f"rank {first}" if first == last else f"rank {first}–{last}"
    if figure.difference is None:
        return f"{'reference' if row == scenario.reference else ''}<br>{rank}".removeprefix("<br>")
    return f"{_difference(figure.difference)}<br>{rank}"


def _difference(difference: Difference | None) -> str:
    """A difference with its verdict and interval."""
    if difference is None:
        return "–"
    verdict = f"**{difference.verdict}**" if difference.verdict == "better" else difference.verdict
    if difference.low is None:
        return f"{verdict} {signed(difference.value)}"
    bounds = f"({signed(difference.low)} to {signed(difference.high)})"
    return f"{verdict} {signed(difference.value)} {bounds}"


def _spread(figure: Figure | None) -> str:
    if figure is None or figure.seed_sd is None:
        return ""
    return f"{figure.seed_sd:.3f} \\| {figure.patient_sd or 0:.3f}"


def pretraining_table(analysis: Analysis) -> str:
    """What pretraining gained, scenario by scenario; empty where no row of the board is
    pretrained."""
    lines = [
        [name, gain.row, *(_difference(gain.against.get(base)) for base in FROM_NOTHING)]
        for name, scenario in analysis.scenarios.items()
        for gain in scenario.pretraining
    ]
    if not lines:
        return ""
    head = ["scenario", "pretrained row", *(f"against {base}" for base in FROM_NOTHING)]
    return (
        "## Does pretraining help?\n\nOf the pretrained rows the one that was best on the"
        " validation patients, against `transformer`, trained from nothing, and `untrained`, whose"
        " encoder is random and frozen. Each row has the same training for the task; the"
        " pretraining comes on top. Rows `…-linear` keep their pretraining frozen. Differences"
        " as above, each tested by itself.\n\n"
        f"{tabulate(lines, head, tablefmt='github', disable_numparse=True)}\n\n"
        f"{helped(analysis)}\n"
    )


def helped(analysis: Analysis) -> str:
    """In which scenarios a pretraining gained something over both rows that had none, in words."""
    names = [
        name
        for name, scenario in analysis.scenarios.items()
        for gain in scenario.pretraining
        if len(gain.against) == len(FROM_NOTHING)
        and all((each.low or 0) > 0 for each in gain.against.values())
    ]
    return f"Interval above zero against both: {', '.join(names) or 'in no scenario'}."


def matrix_table(analysis: Analysis) -> str:
    """Wins/ties/losses of each row against every other row, over the scenarios that both do."""
    matrix = analysis.matrix
    counts = list(zip(matrix.wins, matrix.ties, matrix.losses, strict=True))
    shown = [k for k, kinds in enumerate(counts) if any(map(sum, kinds))]
    lines = []
    for place, k in enumerate(shown, start=1):
        row = matrix.rows[k]
        met = ["/".join(str(kind[other]) for kind in counts[k]) for other in shown]
        met = ["" if each == "0/0/0" else each for each in met]
        lines.append([f"{place} {row}", analysis.complete[row], *met])
    head = ["", "tasks", *map(str, range(1, len(shown) + 1))]
    return tabulate(lines, head, tablefmt="github", disable_numparse=True) + "\n"


def markdown(board: str, cells: list[Cell], analysis: Analysis, notes: Sequence[str] = ()) -> str:
    """`board.md`, a board for people; `notes` are what it says to its readers."""
    coverage = analysis.coverage
    margins = {
        METRICS[scenario.metric].difference_unit: scenario.margin
        for scenario in analysis.scenarios.values()
    }
    inside = " or ".join(f"±{margin:g} of {unit}" for unit, margin in margins.items())
    parts = [
        f"# Leaderboard: {board}\n",
        (
            f"{len(cells)} cells (rows × tasks × seeds) = {counts(cells)}. {made_again_of(cells)}."
            f" Make the board again: `pqrst repro {board}`.\n"
        ),
        (
            "Completion: error, 0 is perfect, a flat line scores about 1; a row that does not beat"
            f" both `mean` and `comb` has no skill. Intervals ({CONFIDENCE:.0%}) are over patients."
            " The interval of macro-F1 is a jackknife by patient and approximate: in our"
            f" simulation it covered {coverage.pooled:.0%}. `–`: the row does not do this"
            " scenario. Wall time includes fitting. *reproduced*: whether the run was made again"
            " from what is recorded, and when: `pqrst reproduce BOARD/ROW/TASK`.\n"
        ),
        (
            "Comparisons are paired by patient, against the classical row that was strongest on"
            " the validation patients. The difference is *skill*, the mean over patients of"
            " log(error of the reference / error of the row), or the row's macro-F1 less the"
            " reference's; positive is better. *better* and *worse*: by permutation, with Holm's"
            f" correction over the rows of a scenario; *equivalent*: the {1 - 2 * LEVEL:.0%}"
            f" interval lies within {inside}; *undecided*: neither. Ranks are sets that hold"
            f" together with {CONFIDENCE:.0%}. In our simulation with 22 patients, paired intervals"
            f" covered {coverage.paired:.0%}, and in at most {coverage.family_wise:.0%} of"
            " scenarios without any difference one was claimed.\n"
        ),
    ]
    parts += [f"{note}\n" for note in notes]
    for task in TASKS:
        parts.append(f"## {task.capitalize()}\n\n{task_table(task, cells)}")
        parts.append(f"### {task.capitalize()}: compared\n\n{comparison_table(task, analysis)}")
    parts += [
        table for table in (pretraining_table(analysis), literature_table(board, cells)) if table
    ]
    parts.append(
        "## Wins/ties/losses\n\nOf the row against the column, over the scenarios that both do; a"
        " tie is a pair that the rank sets do not order. *tasks*: scored of those"
        f" asked.\n\n{matrix_table(analysis)}"
    )
    return "\n".join(parts)
