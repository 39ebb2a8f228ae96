"""`dvc metrics` and `dvc plots` show a board: the files are small and sure, and DVC itself reads
them."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml

from benchmarks.settings import ROOT
from leaderboard.views.dvc import confusions, horizons, noise, primary_values, scores, write_views
from tests.helpers.board_documents import beats, failed, forecasts, heartbeat, noisy, typed

CELLS = typed(
    [
        forecasts("oracle", "control", 0.0),
        forecasts("mean", "control", 1.0),
        forecasts("network", "supervised", 0.6),
        forecasts("network", "supervised", 0.8, seed=1),
        noisy("network", "supervised", {"snr-12": 0.2, "snr-minus-6": 0.9}),
        heartbeat("network", "supervised", 0.5),
        failed("slow", "masked", "forecasting", "timeout", "too slow"),
    ]
)
DOCUMENTS = [
    beats("network", {"100": [6, 2, 1, 1], "101": [2, 0, 0, 2], "200": [9, 9, 9, 9]}),
    beats("network", {"100": [1, 1, 1, 1], "200": [0, 0, 0, 0]}, seed=1),
    failed("slow", "masked", "classification", "timeout", "too slow"),
]


def test_primary_values_are_means_over_seeds():
    values = primary_values(CELLS)
    assert values["network"] == {
        "forecast-20": pytest.approx(0.6),
        "forecast-50": pytest.approx(0.6),
        "snr-12": 0.2,
        "snr-minus-6": 0.9,
        "heartbeat": 0.5,
    }
    assert list(values) == ["oracle", "mean", "network"]


def test_scores_have_their_intervals():
    lines = [
        line
        for line in scores(CELLS)
        if line["row"] == "network" and line["scenario"] == "forecast-20"
    ]
    assert [(line["seed"], line["value"], line["low"], line["high"]) for line in lines] == [
        (0, pytest.approx(0.5), pytest.approx(0.4), 0.6),
        (1, pytest.approx(0.7), pytest.approx(0.6), 0.8),
    ]


def test_curves_are_of_one_seed_and_of_the_flat_line_but_no_other_control():
    assert {line["row"] for line in horizons(CELLS)} == {"mean", "network"}
    assert [line["seconds"] for line in horizons(CELLS) if line["row"] == "mean"] == [0.5, 1.0, 1.5]
    assert noise(CELLS) == [
        {"row": "network", "snr_db": 12, "nrmse": 0.2},
        {"row": "network", "snr_db": -6, "nrmse": 0.9},
    ]


def test_confusions_count_test_patients_alone():
    found = {
        (line["actual"], line["predicted"]): (line["beats"], line["share"])
        for line in confusions(DOCUMENTS)
    }
    assert len(found) == 25
    assert found["N", "N"] == (8, 0.8) and found["N", "V"] == (2, 0.2)
    assert found["V", "N"] == (1, 0.25) and found["V", "V"] == (3, 0.75)
    assert found["S", "N"] == (0, "")


def test_the_same_bytes_and_nothing_left_of_before(tmp_path):
    write_views(tmp_path, DOCUMENTS, [*CELLS, *typed([heartbeat("ghost", "supervised", 0.1)])])
    assert (tmp_path / "metrics/ghost.json").exists()
    write_views(tmp_path, DOCUMENTS, CELLS)
    first = {
        path.relative_to(tmp_path): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    write_views(tmp_path, DOCUMENTS, CELLS)
    assert first == {
        path.relative_to(tmp_path): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert sorted(map(str, first)) == [
        *(f"metrics/{row}.json" for row in ("mean", "network", "oracle")),
        *(f"plots/{name}.csv" for name in ("confusion", "horizon", "noise", "scores")),
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A DVC project with this one's metrics, plots and templates, and two small boards."""
    root = tmp_path_factory.mktemp("views")
    dvc(root, "init", "--no-scm", "--quiet")
    shown = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    (root / "dvc.yaml").write_text(
        yaml.safe_dump({key: shown[key] for key in ("metrics", "plots")})
    )
    shutil.copytree(ROOT / ".dvc/plots", root / ".dvc/plots")
    for board in ("synthetic", "mitdb"):
        write_views(root / "leaderboard/boards" / board, DOCUMENTS, CELLS)
    return root


def dvc(root, *arguments: str) -> str:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def test_dvc_metrics_show_is_a_table_of_rows_by_scenarios(project):
    (state,) = json.loads(dvc(project, "metrics", "show", "--json")).values()
    found = state["data"]
    folders = [f"leaderboard/boards/{board}/metrics" for board in ("synthetic", "mitdb")]
    assert set(found) == {
        f"{folder}/{row}.json" for folder in folders for row in ("mean", "network", "oracle")
    }
    assert found["leaderboard/boards/mitdb/metrics/network.json"]["data"]["heartbeat"] == 0.5


def test_dvc_plots_show_draws_every_plot_from_its_template(project):
    page = project / "shown/index.html"
    dvc(project, "plots", "show", "--out", "shown")
    specs = [
        json.loads(part.split(";\n", 1)[0]) for part in page.read_text().split("var spec = ")[1:]
    ]
    assert len(specs) == 8
    titles = {spec["title"]["text"]: spec for spec in specs}
    for name in ("scores", "confusion", "error by horizon", "error by noise"):
        spec = next(spec for title, spec in titles.items() if title.endswith(f"mitdb: {name}"))
        assert spec["data"]["values"]
        assert "<DVC_METRIC" not in json.dumps(spec)
