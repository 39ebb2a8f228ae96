"""The page in a browser: it opens from a file, asks for nothing, and can be read by keyboard, small
and on paper."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from leaderboard.page.build import write_page
from tests.browser import boards
from tests.browser.chromium import Browser

SCORES = "#panel-interpolation .scores"
HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>\x1b[31mred"
    " \u202egnp.exe"
)


def texts(browser: Browser, selector: str) -> list[str]:
    """What the elements that are seen say."""
    seen = f"[...document.querySelectorAll({selector!r})].filter((e) => e.checkVisibility())"
    return browser.run(f"{seen}.map((e) => e.textContent.trim())")


def focused(browser: Browser) -> str:
    return browser.run("document.activeElement.id || document.activeElement.textContent.trim()")


def names(browser: Browser, panel: str) -> list[str]:
    return texts(browser, f"#panel-{panel} table.scores tbody tr th")


def test_it_opens_from_a_file_without_trouble_and_asks_for_nothing(browser, page):
    for tab in (
        "overview",
        "interpolation",
        "reconstruction",
        "forecasting",
        "classification",
        "reading",
    ):
        browser.open(page, f"#{tab}")
        assert texts(browser, "[role=tab][aria-selected=true]") == [
            tab.capitalize() if tab != "reading" else "How to read this"
        ]
    browser.open(page, "#reconstruction/snr-6/wiener")
    browser.open(page, "#classification/heartbeat/rr-features")
    assert browser.trouble == []
    assert {url.split("?")[0] for url in browser.requests} == {page.as_uri()}


def test_a_network_would_be_refused(browser, page):
    """The policy holds: what a script that slipped in would try first is stopped."""
    browser.open(page)
    refused = "fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"
    assert browser.run(refused) == "refused"
    browser.run(
        "document.head.append(Object.assign(document.createElement('script'), {textContent:"
        " 'window.hacked = 3'}))"
    )
    assert browser.run("window.hacked") is None
    assert any("Content Security Policy" in each for each in browser.trouble)


def test_every_figure_is_drawn(browser, page):
    browser.open(page, "#forecasting/forecast-50")
    headings = texts(browser, "#panel-forecasting h3")
    assert headings == [
        "Against linear, the strongest classical row",
        "All scenarios",
        "Patient by patient",
        "The error by horizon, forecast-50",
        "Cost against skill",
    ]
    assert len(texts(browser, "#panel-forecasting .forest tbody tr")) == 4
    words = set(texts(browser, ".forest .word"))
    assert (
        "◆ reference"
        in words
        <= {"◆ reference", "▲ better", "▼ worse", "= equivalent", "~ undecided"}
        and len(words) > 2
    )
    assert len(texts(browser, "#panel-forecasting .patients .field")) == 4 * 6
    assert browser.run("document.querySelectorAll('#panel-forecasting .plot .told').length") > 1
    browser.open(page, "#reconstruction/snr-6")
    assert "The error by noise level" in texts(browser, "#panel-reconstruction h3")
    browser.open(page, "#classification")
    assert len(texts(browser, "#panel-classification .confusion")) == 2
    browser.open(page)
    assert len(texts(browser, "#panel-overview .across tbody tr")) == 5
    gained = dict(
        zip(texts(browser, ".gains tbody th"), texts(browser, ".gains tbody tr"), strict=True)
    )
    assert "mae-patch" in gained["gap-30"] and "−10 % (−15 % to −4 %)" in gained["gap-30"]
    assert "+0.10 (+0.04 to +0.16)" in gained["heartbeat"]


def test_tabs_and_scenarios_work_by_keyboard(browser, page):
    browser.open(page)
    browser.run("document.getElementById('tab-overview').focus()")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    assert focused(browser) == "tab-reconstruction"
    assert browser.run("document.getElementById('panel-reconstruction').hidden") is False
    assert browser.run("document.querySelectorAll('[role=tab][tabindex=\"0\"]').length") == 1
    browser.press("End")
    assert focused(browser) == "tab-reading"
    browser.press("Home")
    assert focused(browser) == "tab-overview"
    browser.run("document.getElementById('tab-interpolation').click()")
    browser.run("document.querySelector('#panel-interpolation [type=radio]:checked').focus()")
    browser.press("ArrowRight")
    assert browser.run(
        "document.querySelector('#panel-interpolation .forest').getAttribute('aria-label')"
    ).endswith("gap-10")


def test_tables_are_sorted_and_walked_by_keyboard(browser, page):
    browser.open(page, "#interpolation")
    before = names(browser, "interpolation")
    browser.run("document.querySelectorAll('#panel-interpolation .scores .sort')[3].focus()")
    for direction, sign in (("ascending", 1), ("descending", -1)):
        browser.press("Enter")
        assert (
            browser.run(f"document.querySelector('{SCORES} thead th:nth-child(4)').ariaSort")
            == direction
        )
        cells = f"[...document.querySelectorAll('{SCORES} tbody td:nth-child(4)')]"
        values = browser.run(f"{cells}.map((cell) => Number(cell.dataset.value))")
        assert values == sorted(values, reverse=sign < 0)
    assert sorted(names(browser, "interpolation")) == sorted(before)
    assert (
        browser.run(f"document.querySelectorAll('{SCORES} button.open[tabindex=\"0\"]').length")
        == 1
    )
    browser.run(f"document.querySelector('{SCORES} button.open').focus()")
    browser.press("ArrowDown")
    browser.press("ArrowRight")
    at = browser.run(
        "[document.activeElement.closest('tr').rowIndex,"
        " document.activeElement.closest('td').cellIndex]"
    )
    assert at == [2, 3]
    browser.press("Enter")
    assert browser.run("document.querySelector('dialog').open") is True
    browser.press("Escape")
    assert browser.run("document.querySelector('dialog').open") is False
    assert (
        browser.run(
            "[document.activeElement.closest('tr').rowIndex,"
            " document.activeElement.closest('td').cellIndex]"
        )
        == at
    )


def test_drawings_and_fields_are_walked_by_keyboard(browser, page):
    browser.open(page, "#interpolation")
    for group, item, key in (
        (".patients", "td.field", "ArrowDown"),
        (".plot", ".point", "ArrowRight"),
    ):
        inside = f"#panel-interpolation {group}"
        assert (
            browser.run(f"document.querySelectorAll('{inside} {item}[tabindex=\"0\"]').length") == 1
        )
        browser.run(f"document.querySelector('{inside} {item}').focus()")
        before = browser.run(
            f"document.querySelector('{inside}').closest('figure').querySelector('output').textContent"
        )
        browser.press(key)
        after = browser.run(
            f"document.querySelector('{inside}').closest('figure').querySelector('output').textContent"
        )
        assert before != after and browser.run(f"document.activeElement.matches('{item}')")
    browser.press("Enter")
    assert browser.run("document.querySelector('dialog').open") is True


def test_a_failure_stays_below_what_has_a_value(browser, tmp_path):
    root = boards.write(tmp_path)
    boards.change(
        root, "wiener", "interpolation-0", status="timeout", reason="still running", scenarios={}
    )
    browser.open(write_page(boards.BOARD, root), "#interpolation")
    for _ in range(2):
        browser.run("document.querySelectorAll('#panel-interpolation .scores .sort')[2].click()")
        assert names(browser, "interpolation")[-1] == "wiener"
    # By wall time.
    browser.run(f"document.querySelector('{SCORES} thead th:nth-last-child(4) button').click()")
    assert names(browser, "interpolation")[-1] in ("oracle", "mean")
    assert "timeout still running" in texts(browser, "#panel-interpolation td.failure")
    assert browser.trouble == []


def test_rows_are_filtered_by_family_and_by_text(browser, page):
    browser.open(page, "#interpolation")
    browser.run("document.querySelector('[name=family][value=control]').click()")
    assert names(browser, "interpolation") == ["linear", "wiener", "resnet1d", "mae-patch"]
    browser.run("document.querySelector('[name=text]').focus()")
    for letter in "wien":
        browser.press(letter)
    browser.settle()
    assert names(browser, "interpolation") == ["wiener"] == texts(browser, ".forest tbody th")
    assert texts(browser, "[data-filter] output") == ["1 of 6 rows"]


def test_a_cell_shows_windows_numbers_and_proof(browser, page):
    browser.open(page, "#interpolation/gap-30/wiener")
    ecg = "dialog .ecg"
    assert browser.run(f"document.querySelectorAll('{ecg} .truth').length") == 2
    assert browser.run(f"document.querySelectorAll('{ecg} .estimate').length") == 2
    assert browser.run(f"document.querySelectorAll('{ecg} .hidden').length") == 2
    # 3 s at 25 mm/s: 75 mm of the drawing's own units.
    assert browser.run(
        f"Number(document.querySelector('{ecg} .hidden').getAttribute('width'))"
    ) == pytest.approx(75, abs=0.3)
    assert texts(browser, "dialog .command code") == [
        "pqrst reproduce synthetic/wiener/interpolation"
    ]
    proof = texts(browser, "dialog .proof dl")[0]
    assert (
        all(each * 64 in proof for each in "235")
        and "some processor" in proof
        and "not yet" in proof
    )
    browser.press("ArrowRight")
    assert browser.run("document.querySelector('dialog').dataset.row") == "resnet1d"
    browser.open(page, "#reconstruction/snr-6/wiener")
    assert browser.run(f"document.querySelectorAll('{ecg} .shown').length") == 2
    browser.open(page, "#classification/heartbeat/rr-features")
    assert browser.run(f"document.querySelectorAll('{ecg} .beat').length") == 48
    assert browser.run(
        f"[...document.querySelectorAll('{ecg} .wrong')].map((e) => e.textContent)"
    ) == ["SN"]
    assert browser.trouble == []


def test_a_learned_cell_shows_how_its_trainings_went(browser, page):
    browser.open(page, "#forecasting/forecast-20/mae-patch")
    assert texts(browser, "dialog .trainings h4") == ["Pretraining", "Training, forecasting"]
    assert browser.run("document.querySelectorAll('dialog .trainings .told').length") == 2
    words = browser.run(
        "document.querySelector('dialog .trainings svg').getAttribute('aria-label')"
    )
    assert words.endswith("lowest 0.05 at step 450 of 600.")
    browser.open(page, "#forecasting/forecast-20/resnet1d")
    assert texts(browser, "dialog .trainings h4") == ["Training, forecasting"]
    browser.open(page, "#forecasting/forecast-20/wiener")
    assert texts(browser, "dialog .trainings h4") == []
    assert browser.trouble == []


def test_a_trace_is_drawn_as_it_was_kept(browser, page):
    """Millimetres of ECG paper: 0.2 from sample to sample at 125 Hz, 0.1 for 10 µV."""
    kept = json.loads(
        (page.parents[2] / "scores" / boards.BOARD / "oracle/examples.json").read_text()
    )
    browser.open(page, "#interpolation/gap-30/wiener")
    drawn = browser.run("document.querySelector('dialog .ecg .truth').getAttribute('d')")
    points = [tuple(map(float, each.split(","))) for each in drawn.lstrip("M").split("L")]
    truth = kept["gap-30"]["truth"][0]
    assert len(points) == len(truth)
    assert {round(x - before, 2) for (before, _), (x, _) in pairwise(points)} == {0.2}
    assert [round(10 * (y - below), 1) for (_, below), (_, y) in pairwise(points)] == [
        a - b for a, b in pairwise(truth)
    ]


def test_what_a_method_wrote_is_shown_as_text(browser, tmp_path):
    name = "<script>boom<"
    rows = boards.ROWS | {name: "supervised"}
    root = boards.write(tmp_path, rows)
    boards.change(root, name, "interpolation-0", status="crashed", reason=HOSTILE, scenarios={})
    spent = boards.costs(boards.np.random.default_rng(0)) | {"log_tail": HOSTILE}
    boards.change(root, name, "costs", **{"interpolation/seed-0": spent})
    # An answer that does not fit its question.
    boards.change(root, "wiener", "examples", **{"gap-10": [[0], [0]]})
    path = write_page(boards.BOARD, root)
    text = path.read_text()
    assert "\x1b" not in text and "\u202e" not in text
    browser.open(path, "#interpolation")
    assert name in names(browser, "interpolation")
    assert any(
        "</script><script>window.hacked = 1" in each
        for each in texts(browser, "#panel-interpolation td.failure")
    )
    browser.run("document.querySelector('#panel-interpolation td.failure button').click()")
    assert "window.hacked = 2" in texts(browser, "dialog .log")[0]
    for tab in (
        "overview",
        "forecasting/forecast-20",
        "classification",
        "interpolation/gap-10/wiener",
    ):
        browser.open(path, f"#{tab}")
    assert browser.run("window.hacked") is None
    assert browser.run("document.querySelectorAll('img, iframe, object').length") == 0
    assert browser.trouble == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_two_themes_and_a_switch(browser, page, scheme, tmp_path):
    browser.media(scheme)
    browser.open(page, "#interpolation")
    lightness = "Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])"
    assert (browser.run(lightness) > 128) is (scheme == "light")
    browser.run("document.querySelector('[data-theme-switch]').click()")
    assert browser.run(lightness) > 128
    browser.run("document.querySelector('[data-theme-switch]').click()")
    assert browser.run(lightness) < 128
    browser.run("document.querySelector('[data-theme-switch]').click()")
    assert (browser.run(lightness) > 128) is (scheme == "light")
    assert browser.picture(tmp_path / "page.png").stat().st_size > 20_000


def contrast(browser: Browser, selector: str) -> float:
    """The contrast of an element's text with what lies behind it, after WCAG 2.1."""
    return browser.run(f"""(() => {{
          const channel = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          const weights = [0.2126, 0.7152, 0.0722];
          const light = (c) => weights.reduce((sum, w, k) => sum + w * channel(c[k]), 0);
          const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
          const element = document.querySelector({selector!r});
          let behind = element;
          const ground = (place) => getComputedStyle(place).backgroundColor;
          while (behind && /, 0\\)$/.test(ground(behind))) behind = behind.parentElement;
          const colours = [getComputedStyle(element).color, ground(behind)];
          const both = colours.map(numbers).map(light);
          return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
        }})()""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_themes(browser, page, scheme):
    browser.media(scheme)
    browser.open(page, "#interpolation")
    for selector in (
        ".facts",
        "#panel-interpolation .caption",
        "#panel-interpolation .lead",
        ".forest .better",
        ".forest .worse",
        ".patients .up3",
        ".patients .down3",
        ".scores tr[data-family=control] .value",
        ".tabs [aria-selected=false]",
    ):
        if browser.run(f"!!document.querySelector({selector!r})"):
            assert contrast(browser, selector) >= 4.5, selector


def test_a_phone_needs_no_sideways_scrolling(browser, page):
    browser.size(390, 844, phone=True)
    for tab in (
        "overview",
        "interpolation/gap-10",
        "reconstruction/snr-6",
        "forecasting",
        "classification",
        "reading",
    ):
        browser.open(page, f"#{tab}")
        assert browser.run("document.documentElement.scrollWidth") <= 390, tab
    browser.open(page, "#interpolation/gap-30/wiener")
    assert browser.run("document.querySelector('dialog').getBoundingClientRect().width") <= 390
    # A paper that is wider than the phone is turned to where something is hidden.
    assert browser.run("document.querySelector('dialog .paper').scrollLeft") > 0


def test_paper_shows_every_task(browser, page, tmp_path):
    browser.open(page)
    text = browser.paper(tmp_path / "page.pdf").read_bytes()
    assert text.startswith(b"%PDF") and 6 <= len(re.findall(rb"/Type\s*/Page\b", text)) < 40
    assert browser.run("document.querySelectorAll('.forest').length") == 4
    browser.media("dark", "print")
    seen = browser.run(
        "[...document.querySelectorAll('.panel')].every((panel) => panel.checkVisibility())"
    )
    assert seen and not texts(browser, ".bar")
    browser.size(1030, 700)  # A4, landscape, within its margins
    assert browser.run("document.documentElement.scrollWidth") <= 1030
    assert browser.run("getComputedStyle(document.querySelector('.bounds')).position") == "static"


@pytest.mark.parametrize("missing", ["analysis", "examples", "costs", "all"])
def test_what_is_missing_is_said(browser, tmp_path, missing):
    root = boards.write(tmp_path)
    for path in sorted(root.glob("leaderboard/**/*.json")):
        if path.stem == missing or (
            missing == "all" and path.stem in ("analysis", "examples", "costs")
        ):
            path.unlink()
    path = write_page(boards.BOARD, root)
    for tab in (
        "overview",
        "interpolation",
        "reconstruction",
        "forecasting",
        "classification",
        "reading",
        "interpolation/gap-10/wiener",
    ):
        browser.open(path, f"#{tab}")
    said = {
        "analysis": "No comparisons yet.",
        "examples": "No windows to look at yet.",
        "costs": "No row of this board has a costs.json",
    }
    everything = browser.run("document.body.textContent")
    for name, words in said.items():
        if name != "costs" or missing in ("costs", "all"):
            assert (words in everything) is (missing in (name, "all")), name
    assert browser.trouble == []


def test_without_scripts_the_tables_are_there(browser, page):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.load(page)
        assert len(texts(browser, ".panel h2")) == 6
        assert names(browser, "interpolation") == [
            "oracle",
            "mean",
            "linear",
            "wiener",
            "resnet1d",
            "mae-patch",
        ]
        assert "need scripts" in browser.run("document.body.innerText") and not texts(
            browser, ".bar, .filter"
        )
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_the_address_leads_to_a_cell_and_nonsense_to_the_overview(browser, page):
    browser.open(page, "#interpolation/gap-10/linear")
    assert browser.run("document.querySelector('#cell-title').textContent").startswith("linear")
    browser.run("document.querySelector('dialog .close').click()")
    browser.settle()
    assert browser.run("location.hash") == "#interpolation/gap-10"
    for nonsense in (
        "#nowhere",
        "#interpolation/none/none",
        "#%3Cscript%3E",
        "#__proto__/constructor",
        "#%",
    ):
        browser.open(page, nonsense)
        assert browser.run("document.querySelector('dialog').open") is False
    assert browser.trouble == []


def test_a_large_board_is_shown_whole(browser, tmp_path):
    root = boards.write(tmp_path, boards.many(45), patients=22)
    path = write_page(boards.BOARD, root)
    assert path.stat().st_size < 3_000_000
    browser.open(path, "#reconstruction/snr-6")
    assert len(texts(browser, "#panel-reconstruction .forest tbody tr")) == 42
    assert len(names(browser, "reconstruction")) == 44
    assert browser.trouble == []


def test_the_picture_of_a_page_is_not_empty(browser, page, tmp_path: Path):
    """For people: `pytest tests/browser --basetemp=FOLDER` leaves them there."""
    for name, fragment, width, scheme in (
        ("overview-light", "", 1280, "light"),
        ("interpolation-dark", "#interpolation/gap-10", 1280, "dark"),
        ("phone-light", "#reconstruction/snr-6", 390, "light"),
        ("cell-light", "#interpolation/gap-30/wiener", 1280, "light"),
        ("cell-dark", "#classification/heartbeat/rr-features", 1280, "dark"),
    ):
        browser.size(width, 1000, phone=width < 500)
        browser.media(scheme)
        browser.open(page, fragment)
        assert browser.picture(tmp_path / f"{name}.png").stat().st_size > 20_000
