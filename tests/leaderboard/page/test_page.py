"""The page as text: what is in it, what can't be, and what its inputs must be. `tests/browser`
opens it."""

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmarks.errors import UserError
from leaderboard.page import tables
from leaderboard.page.build import HERE, MODULES, VENDORED, embedded, html, write_page
from leaderboard.page.inputs import read_inputs
from leaderboard.page.pack import ALPHABET, pack_answers, pack_questions, runs, trace, vlq
from leaderboard.records.cells import counts
from tests.browser import boards

BOARD = boards.BOARD


@pytest.fixture
def root(tmp_path) -> Path:
    return boards.write(tmp_path)


def numbers(text: str) -> list[int]:
    """The numbers of a base64 VLQ text, read as its definition says."""
    found, bits, shift = [], 0, 0
    for letter in text:
        digit = ALPHABET.index(letter)
        bits |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            found.append(-(bits >> 1) if bits & 1 else bits >> 1)
            bits = shift = 0
    return found


def test_numbers_are_packed_as_source_maps_pack_them():
    assert [vlq([value]) for value in (0, 1, -1, 15, 16, -16, 511, 512)] == [
        "A",
        "C",
        "D",
        "e",
        "gB",
        "hB",
        "+f",
        "ggB",
    ]
    values = [0, 5, -3, 40_000, -70_000, 7]
    assert numbers(vlq(values)) == values
    differences = numbers(trace(values))
    assert [sum(differences[: k + 1]) for k in range(len(values))] == values
    assert trace([]) == ""


def test_what_is_hidden_is_packed_as_lengths():
    assert numbers(runs([False, False, True, False])) == [2, 1, 1]
    assert numbers(runs([True, True, False])) == [0, 2, 1]
    assert runs([False, False]) == ""


def test_a_question_keeps_what_was_shown_only_where_it_was_spoilt():
    hidden = {"patient": "1", "leads": ["I"], "truth": [[1, 2, 3]], "shown": [[1, None, 3]]}
    noisy = {"patient": "1", "leads": ["I"], "truth": [[1, 2, 3]], "shown": [[2, 2, 9]]}
    packed = pack_questions({"gap-10": hidden, "snr-0": noisy})
    assert packed["gap-10"]["traces"] == [
        {"truth": trace([1, 2, 3]), "hidden": vlq([1, 1, 1]), "shown": ""}
    ]
    assert packed["snr-0"]["traces"] == [
        {"truth": trace([1, 2, 3]), "hidden": "", "shown": trace([2, 2, 9])}
    ]
    assert pack_answers({"gap-10": [[7]], "heartbeat": ["NS"]}) == {
        "gap-10": [trace([7])],
        "heartbeat": ["NS"],
    }


def test_embedded_json_can_end_no_script_and_says_the_same():
    value = {"</script>": ["<!--", "]]>", "&lt;", "\u2028\u2029", "é"]}
    text = embedded(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


class Scripts(HTMLParser):
    """The text of each script and style of a page, and every attribute of its elements."""

    def __init__(self, text: str):
        super().__init__()
        self.texts: list[tuple[str, dict, str]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.inside = tag in ("script", "style")
        if self.inside:
            self.texts.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            tag, attributes, text = self.texts[-1]
            self.texts[-1] = (tag, attributes, text + data)


def test_the_policy_names_each_script_and_the_style_and_nothing_else(root):
    parsed = Scripts(html(read_inputs(BOARD, root)))
    policy = next(
        value for tag, name, value in parsed.attributes if tag == "meta" and "default-src" in value
    )
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    run = [
        text
        for tag, attributes, text in parsed.texts
        if attributes.get("type") != "application/json"
    ]
    assert allowed == {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run
    }
    assert "unsafe" not in policy and policy.startswith("default-src 'none';")


def test_a_page_holds_all_it_needs(root):
    parsed = Scripts(html(read_inputs(BOARD, root)))
    assert not [
        each
        for each in parsed.attributes
        if each[1] in ("src", "srcset", "style") or each[1].startswith("on")
    ]
    assert not [
        each for each in parsed.attributes if each[0] in ("link", "iframe", "object", "base", "img")
    ]
    style = next(text for tag, _, text in parsed.texts if tag == "style")
    assert "url(" not in style and "@import" not in style


def test_the_same_inputs_give_the_same_bytes(root):
    first = write_page(BOARD, root).read_bytes()
    assert write_page(BOARD, root).read_bytes() == first
    boards.change(root, "linear", "examples", **{"gap-10": [[1], [1]]})
    assert write_page(BOARD, root).read_bytes() != first


def test_a_board_of_45_rows_is_small_enough(tmp_path):
    root = boards.write(tmp_path, boards.many(45), patients=22)
    assert write_page(BOARD, root).stat().st_size < 3_000_000


def test_names_and_reasons_are_escaped_in_the_tables(tmp_path):
    root = boards.write(tmp_path, boards.ROWS | {"<b>bold": "supervised"})
    reason = "\x1b[1m</td><script>x</script>\u202e"
    boards.change(root, "linear", "interpolation-0", status="crashed", reason=reason, scenarios={})
    text = html(read_inputs(BOARD, root))
    assert "<b>bold" not in text and "&lt;b&gt;bold" in text
    assert "<script>x" not in text and "&lt;/td&gt;&lt;script&gt;x&lt;/script&gt;" in text
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        ("boards/synthetic/analysis.json", "{", "analysis.json: not readable as JSON"),
        ("boards/synthetic/analysis.json", "[]", "analysis.json: no analysis"),
        (
            "reproduced.json",
            '{"synthetic/mean/forecasting": {"date": ""}}',
            "mean/forecasting: verdict",
        ),
        (
            "scores/synthetic/linear/examples.json",
            "{",
            "linear/examples.json: not readable as JSON",
        ),
    ],
)
def test_a_broken_input_is_named_and_the_page_stays_as_it_was(root, place, text, message):
    before = write_page(BOARD, root).read_bytes()
    (root / "leaderboard" / place).write_text(text)
    with pytest.raises(UserError, match=message):
        write_page(BOARD, root)
    assert (root / "leaderboard/boards/synthetic/index.html").read_bytes() == before


def test_a_failure_has_its_reason_in_place_of_numbers(root):
    boards.change(
        root, "linear", "forecasting-0", status="timeout", reason="too slow", scenarios={}
    )
    found = read_inputs(BOARD, root)
    line = next(
        line for line in tables.task_table(found, "forecasting")["lines"] if line["row"] == "linear"
    )
    assert (line["status"], line["reason"]) == ("timeout", "too slow") and "values" not in line
    assert [each["row"] for each in tables.failures(found)] == ["linear"]
    assert counts(found.cells).endswith("1 timeout")


def test_one_failed_seed_fails_the_row_and_is_named(root):
    second = json.loads(
        (root / "leaderboard/scores/synthetic/resnet1d/forecasting-0.json").read_text()
    )
    boards.put(
        root,
        "resnet1d",
        "forecasting-1",
        second | {"seed": 1, "status": "crashed", "reason": "no", "scenarios": {}},
    )
    lines = tables.task_table(read_inputs(BOARD, root), "forecasting")["lines"]
    line = next(line for line in lines if line["row"] == "resnet1d")
    assert (line["status"], line["reason"]) == ("crashed", "seed 1: no")


def test_what_was_reproduced_is_told_from_what_was_there_before(root):
    last = {"verdict": "identical", "date": "2026-11-20", "hardware": "a machine", "runner": "host"}
    found = {
        "synthetic/linear/forecasting": last | {"key": "5" * 64},
        "synthetic/wiener/forecasting": last | {"key": "another"},
        "synthetic2/mean/forecasting": last | {"key": "3"},
    }
    (root / "leaderboard/reproduced.json").write_text(json.dumps(found))
    inputs = read_inputs(BOARD, root)
    lines = {
        line["row"]: line["reproduced"]
        for line in tables.task_table(inputs, "forecasting")["lines"]
    }
    assert (lines["linear"]["mark"], lines["linear"]["current"]) == ("✓", True)
    assert lines["wiener"]["current"] is False
    assert lines["mean"] is None
    text = html(inputs)
    assert "identical, 2026-11-20 (an earlier version)" in text and "not yet" in text


def test_drawings_lie_on_their_columns_scale(root):
    table = tables.task_table(read_inputs(BOARD, root), "interpolation")
    analysed = json.loads((root / "leaderboard/boards/synthetic/analysis.json").read_text())[
        "scenarios"
    ]["gap-10"]
    column = next(k for k, each in enumerate(table["columns"]) if each["scenario"] == "gap-10")
    least, most = table["columns"][column]["scale"]
    for line in table["lines"]:
        value, known = line["values"][column], analysed["rows"].get(line["row"])
        if line["row"] == "oracle":
            assert value["beyond"] == "‹"
            continue
        assert value["value"] == known["value"]
        assert least + value["at"] / 100 * (most - least) == pytest.approx(
            known["value"], abs=0.001 * (most - least)
        )
        assert value["left"] < value["at"] < value["right"]


def test_published_numbers_stand_beside_what_ours_span(root):
    number = dict.fromkeys(("protocol", "citation", "url", "where"), "") | {
        "name": "A 2004",
        "scenario": "heartbeat",
    }
    number |= {"metric": "macro_f1"}
    number |= {
        "label": "macro-F1",
        "value": 0.5,
        "comparable": "no",
        "because": "<i>",
        "verified": "unverified",
    }
    other = number | {"name": "B 2010", "verified": "second-hand", "url": "javascript:x"}
    inputs = dataclasses.replace(read_inputs(BOARD, root), published=[number, other])
    found = tables.literature(inputs, "classification", "heartbeat")
    assert found and [line["values"] for line in found["lines"]] == [["0.5?"], ["0.5"]]
    ours = [
        c.scenarios["heartbeat"].metrics["macro_f1"].value or 0.0
        for c in inputs.cells
        if c.family != "control" and "heartbeat" in c.scenarios
    ]
    assert found["spans"] == [f"{min(ours):.2f}–{max(ours):.2f}"]
    text = html(inputs)
    assert (
        "A 2004" in text and "javascript:" not in text.split('<script type="application/json"')[0]
    )


def test_vendored_files_are_those_of_the_table_and_their_licence_is_in_the_page(root):
    lines = re.findall(
        r"^\| (\S+) \| (\S+) \| (\S+) \| `(\w{64})` \|$",
        (HERE / "vendor/README.md").read_text(),
        re.M,
    )
    assert (
        {name for name, *_ in lines}
        == set(VENDORED)
        == {path.name.removesuffix(".min.js") for path in (HERE / "vendor").glob("*.js")}
    )
    for name, version, licence, digest in lines:
        content = (HERE / "vendor" / f"{name}.min.js").read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name
        assert f"v{version} " in content[:100].decode() and licence == "ISC"
    text = html(read_inputs(BOARD, root))
    assert "Permission to use, copy, modify" in text and "Mike Bostock" in text


def test_each_module_imports_what_an_earlier_one_exports():
    exported: dict[str, set[str]] = {}
    assert {path.stem for path in (HERE / "script").glob("*.js")} == set(MODULES)
    for name in MODULES:
        text = (HERE / "script" / f"{name}.js").read_text()
        imports = re.findall(r'^import \{\s*([^}]*?),?\s*\} from "\./(\w+)\.js";$', text, re.M)
        assert len(imports) == len(re.findall("^import ", text, re.M))
        for wanted, module in imports:
            assert set(re.split(r",\s*", wanted)) <= exported[module], (name, module)
        exported[name] = set(re.findall(r"^export (?:const|function) (\w+)", text, re.M))
        assert len(text.splitlines()) < 400
