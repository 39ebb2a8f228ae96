"""Published numbers: what stands in the file holds, and each way to misquote is named."""

import copy
import shutil

import pytest
import yaml

from benchmarks.errors import UserError
from benchmarks.metrics.heartbeats import beat_metrics
from benchmarks.metrics.table import METRICS
from benchmarks.settings import ROOT
from leaderboard.analysis.analysis import analyse
from leaderboard.records.literature import (
    PATH,
    READ,
    derived,
    literature_rows,
    literature_table,
    load,
)
from leaderboard.views.markdown import markdown
from tests.helpers.board_documents import forecasts, heartbeat, typed

ENTRY = {
    "name": "Somebody 2020",
    "board": "mitdb",
    "task": "classification",
    "scenario": "heartbeat",
    "approach": "a forest",
    "protocol": "DS1 to DS2",
    "citation": "Somebody. Something. Somewhere 1:1, 2020",
    "doi": "10.1000/1",
    "comparable": "yes",
    "because": "the same beats",
    "verified": "in the publication",
    "where": "table 5",
    "values": [{"metric": "f1", "class": "S", "value": 0.73}],
}


def changed(**changes) -> dict:
    return {
        key: value
        for key, value in {**copy.deepcopy(ENTRY), **changes}.items()
        if value is not None
    }


@pytest.fixture
def project(tmp_path):
    """Write entries into a project of their own and give its root."""

    def write(*entries: dict):
        (tmp_path / "leaderboard").mkdir(exist_ok=True)
        shutil.copy(ROOT / "params.yaml", tmp_path)
        (tmp_path / PATH).write_text(
            yaml.safe_dump({"published": list(entries)}, allow_unicode=True)
        )
        load.cache_clear()
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (changed(protocol=None), "Somebody 2020: a citation without a protocol"),
        (changed(protocol=" "), "Somebody 2020: a citation without a protocol"),
        (changed(citation=""), "Somebody 2020: numbers without a citation"),
        (changed(doi=None), "expected a doi or a url, found neither"),
        (changed(board="mitbd"), "board is 'mitbd', expected one of params.yaml: synthetic, mitdb"),
        (changed(task="classificaton"), "published.0.task: .*found 'classificaton'"),
        (changed(scenario="beat"), "scenario is 'beat', expected one of classification: heartbeat"),
        (
            changed(task="forecasting"),
            "scenario is 'heartbeat', expected one of forecasting: forecast-20, forecast-50",
        ),
        (
            changed(values=[{"metric": "f1score", "class": "S", "value": 0.7}]),
            "metric is 'f1score', expected one of",
        ),
        (changed(values=[{"metric": "f1", "value": 0.7}]), "f1: expected a class, found None"),
        (
            changed(values=[{"metric": "kappa", "class": "S", "value": 0.7}]),
            "kappa: expected no class, found S",
        ),
        (
            changed(values=[{"metric": "f1", "class": "S", "value": 73.06}]),
            "f1_S is 73.06, expected a share",
        ),
        (
            changed(values=[{"metric": "accuracy", "value": float("nan")}]),
            "accuracy is nan, expected a share",
        ),
        (changed(values=[]), "published.0.values"),
        (changed(values=[*ENTRY["values"], *ENTRY["values"]]), "f1_S is given twice"),
        (
            changed(verified="unverified"),
            "a number marked unverified is to be shown as read in 'table 5'",
        ),
        (changed(where=None), "verified is 'in the publication' and `where` is empty"),
        (changed(verified="yes"), "published.0.verified: .*found 'yes'"),
        (changed(because=None), "published.0.because"),
        (
            changed(comparabel="no"),
            "unknown key 'published.0.comparabel', did you mean 'comparable'",
        ),
    ],
)
def test_a_misquotation_is_named(project, entry, message):
    root = project(entry)
    with pytest.raises(UserError, match=message) as error:
        load(root)
    assert str(root / PATH) in str(error.value)


def test_what_is_right_is_taken(project):
    root = project(ENTRY, changed(name="Others 2021", verified="unverified", where=None))
    first, second = literature_rows("mitdb", root)
    assert first == {
        "name": "Somebody 2020",
        "task": "classification",
        "scenario": "heartbeat",
        "approach": "a forest",
        "protocol": "DS1 to DS2",
        "citation": "Somebody. Something. Somewhere 1:1, 2020",
        "comparable": "yes",
        "because": "the same beats",
        "verified": "in the publication",
        "where": "table 5",
        "metric": "f1_S",
        "label": "F1 S",
        "value": 0.73,
        "url": "https://doi.org/10.1000/1",
    }
    assert second["verified"] == "unverified"
    assert literature_rows("synthetic", root) == []


def test_a_project_without_the_file_has_none(tmp_path):
    assert literature_rows("mitdb", tmp_path) == []


def test_the_file_of_this_project_holds():
    rows = literature_rows("mitdb")
    assert len({row["name"] for row in rows}) >= 5
    # Nothing that was only remembered stands here by now.
    assert {row["verified"] for row in rows} == set(READ) - {"unverified"}
    assert {row["comparable"] for row in rows} == {"yes", "partly", "no"}
    assert all(row["url"].startswith("https://") for row in rows)


def test_the_numbers_are_those_of_the_abstracts():
    """Accuracy and F1 of the abstract of Saenz-Cogollo & Agelli 2020, doi:10.3390/a13040075."""
    found = {
        row["metric"]: row["value"]
        for row in literature_rows("mitdb")
        if row["name"].startswith("Saenz-Cogollo")
    }
    assert found == {"accuracy": 0.9614, "f1_N": 0.9797, "f1_S": 0.7306, "f1_V": 0.9085}


def test_each_metric_that_may_be_quoted_is_one_of_our_boards():
    import numpy as np

    labels = np.arange(5)
    ours = derived(dict(beat_metrics(np.eye(5), labels, labels)))
    assert {name for name, each in METRICS.items() if each.task == "classification"} == set(ours)


def test_derived_metrics():
    """j κ of a worked confusion: κ/2 + (Se S + Se V + +P S + +P V)/8."""
    metrics = {
        f"sensitivity_{c}": value for c, value in zip("NSVF", (0.9, 0.6, 0.8, 0.1), strict=True)
    }
    metrics |= {"positive_predictivity_S": 0.5, "positive_predictivity_V": 0.7, "kappa": 0.6}
    found = derived(metrics)
    assert found["mean_sensitivity"] == pytest.approx(0.6)
    assert found["j_kappa"] == pytest.approx(0.3 + (0.6 + 0.8 + 0.5 + 0.7) / 8)
    assert derived({})["j_kappa"] is None and derived({"kappa": 0.6})["mean_sensitivity"] is None


def test_the_table_is_apart_and_says_what_is_comparable(project):
    root = project(
        ENTRY,
        changed(name="Remembered | 2004", verified="unverified", where=None),
        changed(name="Elsewhere", comparable="no", because="beats of one patient on both sides"),
    )
    cells = [
        heartbeat("forest", "classical classification", 0.6, f1_S=0.3),
        heartbeat("network", "supervised", 0.5, f1_S=0.4),
        heartbeat("oracle", "control", 1.0, f1_S=1.0),
        forecasts("linear", "classical completion", 0.9),
    ]
    table = literature_table("mitdb", typed(cells), root)
    assert table.startswith("### Published elsewhere\n\nNot made here")
    lines = {
        line.split("|")[1].strip(): line for line in table.splitlines() if line.startswith("|")
    }
    assert "*0.30–0.40*" in lines["*ours, 2 rows*"]
    assert "0.73 " in lines["[Somebody 2020](https://doi.org/10.1000/1)"]
    assert "0.73?" in next(line for name, line in lines.items() if "Remembered" in name)
    assert (
        "no: beats of one patient on both sides" in lines["[Elsewhere](https://doi.org/10.1000/1)"]
    )
    assert len({line.replace("\\|", "").count("|") for line in lines.values()}) == 1


def test_the_table_ends_the_board_and_only_a_board_that_has_one():
    cells = [heartbeat("oracle", "control", 1.0)] + [
        {**forecasts("oracle", "control", 0.0), "task": task}
        for task in ("interpolation", "reconstruction", "forecasting")
    ]
    analysis = analyse("mitdb", 1, ["oracle"], [])
    text = markdown("mitdb", typed(cells), analysis)
    assert text.index("## Classification") < text.index("### Published elsewhere")
    assert "Published elsewhere" not in markdown("synthetic", typed(cells), analysis)
