"""One task of a board as a LaTeX table (booktabs), with intervals and ties, for a paper."""

from benchmarks.errors import UserError
from benchmarks.metrics.table import METRICS
from benchmarks.text import printable
from leaderboard.analysis.document import Analysis, ScenarioAnalysis
from leaderboard.records.boards import Cell

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    **{each: f"\\{each}" for each in "&%$#_{}"},
}
MARKS = {"better": "$^{+}$", "worse": "$^{-}$", "equivalent": r"$^{\approx}$"}
REFERENCE = r"$^{\dagger}$"


def escape(text: str) -> str:
    """`text` as LaTeX that shows it and does nothing else, on one line."""
    return "".join(SPECIAL.get(each, each) for each in " ".join(printable(text).split()))


def latex_table(board: str, task: str, cells: list[Cell], analysis: Analysis) -> str:
    """The table of one task: a line per row that does it, a column per scenario, each value over
    its interval.

    `cells` are those of board.json, `analysis` is analysis.json. Bold are the rows that tie for the
    first place: those whose rank set holds rank 1, which no row is significantly better than.
    Raises UserError for a task of which the analysis has no scenario."""
    scenarios = analysis.of_task(task)
    if not scenarios:
        tasks = ", ".join(dict.fromkeys(each.task for each in analysis.scenarios.values()))
        raise UserError(f"{board}: no task {task!r} in its analysis; known: {tasks}")
    mine = [cell for cell in cells if cell.task == task and cell.status != "not-applicable"]
    families = {cell.row: cell.family for cell in mine}
    order = sorted(families, key=lambda row: families[row] == "control")  # controls last
    head = [
        _stacked(escape(name), f"({escape(METRICS[each.metric].label)})")
        for name, each in scenarios.items()
    ]
    lines = []
    for k, row in enumerate(order):
        if k and families[row] != families[order[k - 1]]:
            lines.append(r"\midrule")
        lines.append(_line(row, mine, scenarios))
    body = "\n".join(
        [
            rf"\begin{{tabular}}{{l{'c' * len(scenarios)}}}",
            r"\toprule",
            " & ".join(["row", *head]) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )
    return (
        "% \\usepackage{booktabs}\n\\begin{table*}\n\\centering\n\\small\n"
        f"\\caption{{{_caption(board, task, scenarios, analysis)}}}\n"
        f"\\label{{tab:pqrst-{board}-{task}}}\n"
        f"{body}\n\\end{{table*}}\n"
    )


def _line(row: str, cells: list[Cell], scenarios: dict[str, ScenarioAnalysis]) -> str:
    failed = [cell for cell in cells if cell.row == row and cell.status != "scored"]
    if failed and not any(row in each.rows for each in scenarios.values()):
        reason = escape(f"{failed[0].status}: {failed[0].reason}"[:80])
        return rf"{escape(row)} & \multicolumn{{{len(scenarios)}}}{{l}}{{\emph{{{reason}}}}} \\"
    return " & ".join([escape(row), *(_value(row, each) for each in scenarios.values())]) + r" \\"


def _value(row: str, scenario: ScenarioAnalysis) -> str:
    found = scenario.rows.get(row)
    if not found or found.value is None:
        return "--"
    rank, difference = found.rank, found.difference
    text = f"{found.value:.3f}"
    text = rf"\textbf{{{text}}}" if rank and rank[0] == 1 else text
    text += (
        REFERENCE
        if row == scenario.reference
        else MARKS.get(difference.verdict, "")
        if difference
        else ""
    )
    if found.low is None or found.high is None:
        return text
    return _stacked(text, f"({found.low:.2f}--{found.high:.2f})")


def _stacked(above: str, below: str) -> str:
    return rf"\shortstack{{{above}\\{{\scriptsize {below}}}}}"


def _caption(
    board: str, task: str, scenarios: dict[str, ScenarioAnalysis], analysis: Analysis
) -> str:
    first = next(iter(scenarios.values()))
    better, pooled = f"{first.better} is better", METRICS[first.metric].approximate
    patients = len(first.patients)
    coverage = analysis.coverage.pooled if pooled else analysis.coverage.mean
    about = (
        "the pooled macro-F1 has a jackknife by patient (approximate: it covered"
        f" {100 * coverage:.0f}\\,\\% in simulation)"
        if pooled
        else "t intervals of the mean over patients"
    )
    references = dict.fromkeys(each.reference for each in scenarios.values() if each.reference)
    strongest = ", ".join(map(escape, references))
    against = (
        f" $\\dagger$: the strongest classical row, chosen on validation patients ({strongest});"
        " $+$, $-$: significantly better, worse than it, $\\approx$: equivalent to it (paired by"
        " patient, 5\\,\\%, Holm)."
        if references
        else ""
    )
    return (
        f"PQRST, board {escape(board)}, {escape(task)}: {better}. In brackets 95\\,\\% intervals"
        f" over {patients} test patients: {about}. Bold: tied for the first place, no row is"
        " significantly better (rank sets from all pairs, 5\\,\\%; controls are not"
        f" ranked).{against} --: the row does not do this scenario."
    )
