"""LaTeX tables: what names and reasons hold can't break them, ties are bold, and every line has its
columns."""

import json
import re
import shutil
import subprocess

import pytest

from benchmarks.errors import UserError
from benchmarks.settings import ROOT
from leaderboard.analysis.document import Analysis
from leaderboard.records.boards import Cell
from leaderboard.views.export import export_csv, export_latex
from leaderboard.views.latex import escape, latex_table
from tests.helpers.board_documents import document, failed, forecasts, heartbeat, typed

NASTY = r"a_b & 50% $x$ #1 {y} ~ ^ \input{/etc/passwd} <b> |"


def scored(value: float, rank: list[int] | None, verdict: str | None = None) -> dict:
    difference = {
        "value": 0.1,
        "low": 0.0,
        "high": 0.2,
        "p": 0.01,
        "p_holm": 0.02,
        "verdict": verdict,
    }
    return {
        "value": value,
        "low": value - 0.05,
        "high": value + 0.05,
        "per_patient": [value],
        "patient_sd": 0.1,
        "seed_sd": None,
        "seeds": 1,
        "rank": rank,
        "difference": difference if verdict else None,
    }


def scenario(task: str, metric: str, better: str, rows: dict) -> dict:
    return {
        "task": task,
        "metric": metric,
        "better": better,
        "patients": [str(k) for k in range(22)],
        "reference": "linear",
        "margin": 0.02,
        "mde": 0.05,
        "leader": "network",
        "influence": None,
        "ranks_of": [row for row, each in rows.items() if each["rank"]],
        "rows": rows,
        "pretraining": [],
    }


@pytest.fixture
def board() -> tuple[list[Cell], Analysis]:
    cells = [
        forecasts("mean", "control", 1.0),
        forecasts("linear", "classical completion", 0.9),
        forecasts(NASTY, "supervised", 0.6),
        forecasts("late", "supervised", 0.8),
        failed("slow", "masked", "forecasting", "timeout", "ran past 40 min & was {killed}"),
        failed(
            "rr",
            "classical classification",
            "forecasting",
            "not-applicable",
            "does not do forecasting",
        ),
        heartbeat("linear", "classical classification", 0.5),
    ]
    rows = {
        "mean": scored(1.0, None),
        "linear": scored(0.9, [2, 3]),
        NASTY: scored(0.6, [1, 2], "better"),
        "late": scored(0.62, [1, 3], "undecided"),
    }
    analysis = {
        "board": "mitdb",
        "scenarios": {
            "forecast-20": scenario("forecasting", "warped_nrmse", "lower", rows),
            "forecast-50": scenario(
                "forecasting", "warped_nrmse", "lower", {k: rows[k] for k in ("mean", NASTY)}
            ),
            "heartbeat": scenario(
                "classification", "macro_f1", "higher", {"linear": scored(0.5, [1, 1])}
            ),
        },
        "rows": [],
        "families": {},
        "matrix": {"rows": [], "wins": [], "ties": [], "losses": []},
        "complete": {},
        "coverage": {"mean": 0.95, "pooled": 0.88, "paired": 0.95, "family_wise": 0.05},
    }
    return typed(cells), Analysis.model_validate(analysis)


def body(table: str) -> list[str]:
    """The lines of a table between its rules, without those."""
    inside = table.split(r"\toprule")[1].split(r"\bottomrule")[0]
    return [line for line in inside.splitlines() if line.strip() and line.strip() != r"\midrule"]


def columns(line: str) -> int:
    return (
        len(re.findall(r"(?<!\\)&", line))
        + 1
        + sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line))
    )


def test_escaped_text_holds_no_command():
    text = escape(NASTY)
    known = (
        "textbackslash",
        "textasciitilde",
        "textasciicircum",
        "textless",
        "textgreater",
        "textbar",
    )
    left = re.sub(rf"\\(?:{'|'.join(known)})\{{\}}|\\[&%$#_{{}}]", "", text)
    assert not set(left) & set("\\&%$#_{}~^<>|")
    assert escape("a\nb\x1b[31mc") == "a bc"


def test_the_structure_of_a_table(board):
    table = latex_table("mitdb", "forecasting", *board)
    lines = body(table)
    assert {columns(line) for line in lines} == {3}
    assert all(line.endswith(r"\\") for line in lines)
    assert r"\begin{tabular}{lcc}" in table
    plain = re.sub(r"\\[{}\\]", "", table)
    assert plain.count("{") == plain.count("}")
    for name in ("table*", "tabular"):
        assert table.count(rf"\begin{{{name}}}") == table.count(rf"\end{{{name}}}") == 1
    first = [line.split(" &")[0] for line in lines[1:]]
    # A family after the other, controls last.
    assert first == ["linear", escape(NASTY), "late", "slow", "mean"]


def test_ties_intervals_and_marks(board):
    lines = {
        line.split(" &")[0]: line for line in body(latex_table("mitdb", "forecasting", *board))
    }
    assert (
        r"\textbf{0.600}$^{+}$" in lines[escape(NASTY)] and "(0.55--0.65)" in lines[escape(NASTY)]
    )
    assert r"\textbf{0.620}" in lines["late"] and "^{+}" not in lines["late"]
    assert r"\textbf" not in lines["linear"] and r"$^{\dagger}$" in lines["linear"]
    assert r"\textbf" not in lines["mean"]
    assert lines["late"].endswith(r"& -- \\")
    assert r"\multicolumn{2}{l}{\emph{timeout: ran past 40 min \& was \{killed\}}}" in lines["slow"]


def test_the_caption_says_what_the_marks_mean(board):
    caption = re.search(r"\\caption\{(.*)\}", latex_table("mitdb", "forecasting", *board))
    assert caption is not None
    for part in ("lower is better", "22 test patients", "Bold: tied", "(linear)", "Holm"):
        assert part in caption[1]
    assert r"it covered 88\,\%" in latex_table("mitdb", "classification", *board)


def test_an_unknown_task_is_named(board):
    with pytest.raises(
        UserError, match="no task 'denoising' in its analysis; known: forecasting, classification"
    ):
        latex_table("mitdb", "denoising", *board)


@pytest.fixture
def project(tmp_path, board):
    folder = tmp_path / "leaderboard/boards/mitdb"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (folder / "board.json").write_text(json.dumps(document(*(cell.plain() for cell in board[0]))))
    (folder / "analysis.json").write_text(board[1].model_dump_json())
    (folder / "board.csv").write_text(
        "board,row,family,task,scenario\nmitdb,a,b,forecasting,x\nmitdb,a,b,other,x\n"
    )
    return tmp_path


def test_a_board_is_exported(project):
    text = export_latex("mitdb", ["forecasting", "classification"], project)
    assert text.count(r"\begin{table*}") == 2
    assert export_csv("mitdb", ["forecasting"], project).splitlines()[1:] == [
        "mitdb,a,b,forecasting,x"
    ]
    assert len(export_csv("mitdb", [], project).splitlines()) == 3
    with pytest.raises(UserError, match="no task 'x'"):
        export_csv("mitdb", ["x"], project)
    (project / "leaderboard/boards/mitdb/analysis.json").unlink()
    with pytest.raises(UserError, match=r"analysis.json: not made yet; make it: pqrst repro mitdb"):
        export_latex("mitdb", ["forecasting"], project)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX on this machine")
def test_the_table_compiles(board, tmp_path):
    text = latex_table("mitdb", "forecasting", *board)
    source = (
        "\\documentclass{article}\n\\usepackage{booktabs}\n"
        f"\\begin{{document}}\n{text}\\end{{document}}\n"
    )
    (tmp_path / "paper.tex").write_text(source)
    subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        check=True,
    )
