"""The page of a board: one static file that holds all it needs and asks nothing of a network.

The template is filled with autoescaping; the scripts' data is JSON in which no `<` is left, so that
nothing in it can end its element; a content security policy names each script and the style by its
digest and forbids all else."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jinja2

from benchmarks import places
from benchmarks.contract import TASKS
from benchmarks.files import write_text
from benchmarks.settings import ROOT
from benchmarks.text import printable
from leaderboard.analysis.analysis import FROM_NOTHING
from leaderboard.page import standings, tables
from leaderboard.page.content import content, row_families
from leaderboard.page.inputs import Inputs, read_inputs
from leaderboard.records.cells import counts
from leaderboard.views.labels import COMPARED, made_again_of
from leaderboard.views.markdown import helped

HERE = Path(__file__).parent
# In the order in which they need one another. Each is a global `d3` with one piece more.
VENDORED = (
    "internmap",
    "d3-array",
    "d3-color",
    "d3-interpolate",
    "d3-format",
    "d3-time",
    "d3-time-format",
    "d3-scale",
    "d3-path",
    "d3-shape",
    "d3-selection",
    "d3-axis",
)
MODULES = (
    "dom",
    "unpack",
    "state",
    "format",
    "focus",
    "table",
    "marks",
    "difference",
    "patients",
    "plot",
    "curves",
    "cost",
    "confusion",
    "across",
    "ecg",
    "proof",
    "training",
    "cell",
    "theme",
    "main",
)
IMPORT = re.compile(r"^import (\{[^}]*\}) from \"\./(\w+)\.js\";$", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|function) (\w+))", re.MULTILINE)


def write_page(board: str, root: Path = ROOT) -> Path:
    """Write leaderboard/boards/BOARD/index.html and return its path; raises UserError naming a
    broken input."""
    out = root / places.board(board, "index.html")
    write_text(out, html(read_inputs(board, root)))
    return out


def html(inputs: Inputs) -> str:
    """The page as text; the same inputs give the same bytes."""
    scripts = [*((HERE / "vendor" / f"{name}.min.js").read_text() for name in VENDORED), bundle()]
    style = (HERE / "style.css").read_text()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    return environment.get_template("template.html.j2").render(
        found=inputs,
        policy=policy(scripts, style),
        vendored=scripts[:-1],
        script=scripts[-1],
        style=style,
        data=embedded(content(inputs)),
        tasks=[tables.task_table(inputs, task) for task in TASKS],
        overview=standings.overview(inputs),
        gains=standings.gains(inputs),
        from_nothing=FROM_NOTHING,
        helped=helped(inputs.analysis) if inputs.analysis else "",
        failures=tables.failures(inputs),
        counts=counts(inputs.cells),
        made_again=made_again_of(inputs.cells),
        families=list(dict.fromkeys(row_families(inputs).values())),
        rows=len(row_families(inputs)),
        verdicts=COMPARED,
        licences=(HERE / "vendor/LICENCES.txt").read_text(),
    )


def bundle() -> str:
    """The modules of `script/` as one script: each a function that is called once and gives what
    the module exports."""
    return "".join(map(_module, MODULES))


def _module(name: str) -> str:
    text = (HERE / "script" / f"{name}.js").read_text()
    exports = ", ".join(EXPORT.findall(text))
    body = EXPORT.sub("", IMPORT.sub(r"const \1 = module_\2;", text))
    return f"const module_{name} = (() => {{\n{body}return {{ {exports} }};\n}})();\n"


def embedded(value: Any) -> str:
    """JSON that can stand inside a script element: no `<`, and no line separator that a script
    would stumble over."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for each in "<>&\u2028\u2029":
        text = text.replace(each, f"\\u{ord(each):04x}")
    return text


def policy(scripts: list[str], style: str) -> str:
    """A content security policy under which these scripts and this style work, and nothing else
    does."""
    allowed = " ".join(map(_digest, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; base-uri 'none';"
        " form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
