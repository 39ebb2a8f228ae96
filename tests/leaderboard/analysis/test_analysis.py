"""What the analysis says of small boards whose answer is known."""

import copy
import json
import math
import warnings
from typing import Any

import numpy as np
import pytest
from scipy import stats

from benchmarks.contract import CONTRACT_VERSION, TASKS
from benchmarks.errors import UserError
from benchmarks.metrics.table import NRMSE
from benchmarks.settings import ROOT, board_rows, rows
from leaderboard.analysis.analysis import analyse
from leaderboard.analysis.comparisons import holm
from leaderboard.analysis.document import Analysis
from leaderboard.analysis.statistics import COVERAGE, jackknife_macro_f1, patient_mean_interval
from leaderboard.board import write_tables
from leaderboard.records.boards import read_analysis, read_cells
from leaderboard.records.cells import read_documents, rows_in_order
from leaderboard.scoring.documents import HARNESS_VERSION, dump
from leaderboard.views.markdown import comparison_table, markdown, matrix_table, pretraining_table
from tests.helpers import simulated_scores as worlds

VALIDATION, TEST = 3, 22
PATIENTS = [f"p{k}" for k in range(VALIDATION + TEST)]
SPLIT = ["validation"] * VALIDATION + ["test"] * TEST
FAMILY = {
    "linear": "classical completion",
    "spline": "classical completion",
    "mae": "masked",
    "oracle": "control",
}
COMPLETION, BEATS = "interpolation", "classification"

Document = dict[str, Any]


MADE_FROM = {
    "data": {"predict": "p", "truth": "t"},
    "source": "s",
    "params": {},
    "pretraining": None,
    "budget": None,
    "seed": 0,
    "contract": CONTRACT_VERSION,
    "harness": HARNESS_VERSION,
    "scorer": "s",
    "key": "k",
    "column": "c",
}


def document(row: str, task: str, scenarios: Document, seed: int = 0, **changes) -> Document:
    about = {
        "board": "b",
        "row": row,
        "family": FAMILY.get(row, "masked"),
        "task": task,
        "seed": seed,
    }
    return {
        "contract_version": CONTRACT_VERSION,
        **about,
        "status": "scored",
        "reason": "",
        "scenarios": scenarios,
        "provenance": MADE_FROM,
        **changes,
    }


def errors(values: np.ndarray) -> Document:
    """A completion scenario from one error per patient, the validation patients' first."""
    table = {
        "patient": PATIENTS,
        "split": SPLIT,
        "nrmse": [None if math.isnan(v) else float(v) for v in values],
    }
    test = float(np.nanmean(values[VALIDATION:]))
    return {"status": "scored", "primary": "nrmse", "metrics": {"nrmse": test}, "patients": table}


def beats(confusions: np.ndarray) -> Document:
    table = {
        "patient": PATIENTS,
        "split": SPLIT,
        "confusion": confusions.reshape(len(PATIENTS), 25).tolist(),
    }
    value = jackknife_macro_f1(confusions[VALIDATION:])[0]
    return {
        "status": "scored",
        "primary": "macro_f1",
        "metrics": {"macro_f1": value},
        "patients": table,
    }


def failure(row: str, task: str, kind: str, seed: int = 0) -> Document:
    return document(row, task, {}, seed, status=kind, reason="why")


def some_errors(seed: int, log_error: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shared = np.random.default_rng(99).normal(0, 0.3, len(PATIENTS))
    return np.exp(shared + log_error + rng.normal(0, 0.05, len(PATIENTS)))


def small(**rows_errors: np.ndarray | list[np.ndarray]) -> list[Document]:
    """Documents of one scenario, `gap`, from each row's errors, or its seeds' errors."""
    found = []
    for row, values in rows_errors.items():
        seeds = values if isinstance(values, list) else [values]
        found += [
            document(row, COMPLETION, {"gap": errors(each)}, k) for k, each in enumerate(seeds)
        ]
    return found


def analysed(documents: list[Document], **options) -> Document:
    names = list(dict.fromkeys(document["row"] for document in documents))
    return analyse("b", 7, names, documents, **options).model_dump()


typed = Analysis.model_validate


def gap(**rows_errors) -> Document:
    return analysed(small(**rows_errors))["scenarios"]["gap"]


def test_the_difference_is_the_mean_log_ratio_and_its_p_holms():
    values = {"linear": some_errors(1), "spline": some_errors(2, 0.3), "mae": some_errors(3, -0.2)}
    found = gap(**values)
    assert found["reference"] == found["leader"] or found["leader"] == "mae"
    assert (found["reference"], found["leader"], found["metric"], found["better"]) == (
        "linear",
        "mae",
        "nrmse",
        "lower",
    )
    ratios = {
        row: np.log(values["linear"] / each)[VALIDATION:]
        for row, each in values.items()
        if row != "linear"
    }
    p = [
        stats.permutation_test(
            (each,), np.sum, permutation_type="samples", vectorized=True, n_resamples=9999
        ).pvalue
        for each in ratios.values()
    ]
    adjusted = holm([2 / 2**22, 2 / 2**22])
    for (row, each), drawn, corrected in zip(ratios.items(), p, adjusted, strict=True):
        difference = found["rows"][row]["difference"]
        mean, low, high = patient_mean_interval(each)
        assert [difference[key] for key in ("value", "low", "high")] == pytest.approx(
            [mean, low, high], rel=1e-4
        )
        assert difference["p"] == pytest.approx(2 / 2**22) and drawn == pytest.approx(2e-4)
        assert difference["p_holm"] == pytest.approx(corrected)
    assert found["rows"]["mae"]["difference"]["verdict"] == "better"
    assert found["rows"]["spline"]["difference"]["verdict"] == "worse"
    assert found["rows"]["linear"]["difference"] is None
    assert [found["rows"][row]["rank"] for row in ("mae", "linear", "spline")] == [
        [1, 1],
        [2, 2],
        [3, 3],
    ]


def test_one_noisy_record_does_not_decide_a_difference():
    """Its error puts a row's mean behind; the row is still a tenth better in the patients' mean,
    and the board says on whom the leader depends."""
    mae = some_errors(3, -0.2)
    calm, noisy = gap(linear=some_errors(1), mae=mae), mae.copy()
    noisy[-1] *= 10
    shaken = gap(linear=some_errors(1), mae=noisy)
    assert (calm["leader"], shaken["leader"]) == ("mae", "linear")
    assert shaken["rows"]["mae"]["difference"]["value"] > 0.05
    assert (
        shaken["influence"] == {"patient": PATIENTS[-1], "leader": "mae"}
        and calm["influence"] is None
    )


def test_the_test_patients_do_not_choose_the_reference():
    """`spline` is the best classical row on the test patients, `linear` on the validation
    patients."""
    linear, spline = some_errors(1), some_errors(2)
    linear[:VALIDATION] /= 2
    spline[VALIDATION:] /= 2
    found = gap(linear=linear, spline=spline, mae=some_errors(3, -2))
    assert found["reference"] == "linear"
    assert found["rows"]["spline"]["difference"]["verdict"] == "better"


def test_without_a_classical_row_nothing_is_compared_and_all_is_ranked():
    found = gap(mae=some_errors(3), jepa=some_errors(4, 0.5))
    assert found["reference"] is None and found["mde"] is None
    assert found["rows"]["mae"]["difference"] is None and found["rows"]["mae"]["rank"] == [1, 1]


def test_a_perfect_control_breaks_no_logarithm_and_is_neither_ranked_nor_compared():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gap(oracle=np.zeros(len(PATIENTS)), linear=some_errors(1), mae=some_errors(3))
        perfect = gap(linear=some_errors(1), mae=np.zeros(len(PATIENTS)))
    oracle = found["rows"]["oracle"]
    assert (oracle["value"], oracle["low"], oracle["rank"], oracle["difference"]) == (
        0,
        0,
        None,
        None,
    )
    assert found["ranks_of"] == ["linear", "mae"] and found["leader"] != "oracle"
    assert math.isfinite(perfect["rows"]["mae"]["difference"]["value"]) and perfect["rows"]["mae"][
        "rank"
    ] == [1, 1]


def test_patients_for_whom_a_metric_is_undefined_are_left_out_of_that_pair():
    mae = some_errors(3, -0.2)
    mae[VALIDATION + 4] = np.nan
    found = gap(linear=some_errors(1), spline=some_errors(2, 0.3), mae=mae)
    kept = np.delete(np.arange(VALIDATION, len(PATIENTS)), 4)
    mine = found["rows"]["mae"]
    assert mine["per_patient"][4] is None and mine["value"] == pytest.approx(
        mae[kept].mean(), rel=1e-5
    )
    assert mine["difference"]["value"] == pytest.approx(
        np.log(some_errors(1) / mae)[kept].mean(), rel=1e-4
    )
    assert mine["difference"]["p"] == pytest.approx(2 / 2**21)
    whole = gap(linear=some_errors(1), spline=some_errors(2, 0.3))
    assert (
        found["rows"]["spline"]["difference"]["value"]
        == whole["rows"]["spline"]["difference"]["value"]
    )


def test_a_row_that_is_undefined_everywhere_is_not_there():
    undefined = document("mae", COMPLETION, {"gap": errors(some_errors(1))})
    undefined["scenarios"]["gap"]["patients"]["nrmse"] = [None] * len(PATIENTS)
    found = analysed([*small(linear=some_errors(1)), undefined])["scenarios"]["gap"]
    assert list(found["rows"]) == ["linear"]


def test_seeds_are_averaged_first_and_their_spread_is_shown_apart():
    seeds = [some_errors(k, 0.02 * k) for k in (3, 4, 5)]
    found = gap(linear=some_errors(1), mae=seeds)["rows"]["mae"]
    test = np.array(seeds)[:, VALIDATION:]
    mean, low, high = patient_mean_interval(test.mean(0))
    assert [found["value"], found["low"], found["high"]] == pytest.approx(
        [mean, low, high], rel=1e-5
    )
    assert found["seeds"] == 3 and found["seed_sd"] == pytest.approx(
        test.mean(1).std(ddof=1), rel=1e-4
    )
    assert found["patient_sd"] == pytest.approx(test.mean(0).std(ddof=1), rel=1e-4)
    ratio = np.log(some_errors(1)[VALIDATION:] / test.mean(0))
    assert found["difference"]["value"] == pytest.approx(ratio.mean(), rel=1e-4)
    # Three copies of one run say no more than that run.
    copied, once = (
        gap(linear=some_errors(1), mae=each)["rows"]["mae"] for each in ([seeds[0]] * 3, seeds[0])
    )
    assert (
        copied["difference"] == once["difference"]
        and copied["seed_sd"] == 0
        and once["seed_sd"] is None
    )


def heartbeat(seed: int = 0, gain: float = 0.8) -> list[Document]:
    sets = worlds.beats(np.random.default_rng(seed), 1, 3, len(PATIENTS), np.array([0, gain, 0]))[0]
    FAMILY.update({"rr": "classical classification"})
    return [
        document(row, BEATS, {"heartbeat": beats(each)})
        for row, each in zip(("rr", "mae", "jepa"), sets, strict=True)
    ]


def test_a_pooled_metric_is_compared_by_its_jackknife():
    documents = heartbeat()
    found = analysed(documents)["scenarios"]["heartbeat"]
    assert (found["metric"], found["better"], found["reference"], found["leader"]) == (
        "macro_f1",
        "higher",
        "rr",
        "mae",
    )
    counts = [
        np.reshape(d["scenarios"]["heartbeat"]["patients"]["confusion"], (-1, 5, 5))[VALIDATION:]
        for d in documents
    ]
    value, low, high = jackknife_macro_f1(counts[1])
    mine = found["rows"]["mae"]
    assert [mine["value"], mine["low"], mine["high"]] == pytest.approx([value, low, high], rel=1e-5)
    assert mine["difference"]["value"] == pytest.approx(
        value - jackknife_macro_f1(counts[0])[0], rel=1e-4
    )
    without = [
        jackknife_macro_f1(np.delete(counts[1], k, 0))[0]
        - jackknife_macro_f1(np.delete(counts[0], k, 0))[0]
        for k in range(TEST)
    ]
    apart = mine["difference"]["value"]
    error = math.sqrt((TEST - 1) / TEST * sum((each - apart) ** 2 for each in without))
    half = stats.t.ppf(0.975, TEST - 1) * error
    assert mine["difference"]["low"] == pytest.approx(apart - half, abs=1e-4)
    assert (
        mine["difference"]["verdict"] == "better"
        and mine["difference"]["p_holm"] == 2 * mine["difference"]["p"]
    )
    assert found["rows"]["jepa"]["difference"]["verdict"] == "undecided"
    assert mine["rank"] == [1, 1] and found["rows"]["jepa"]["rank"] == [2, 3]


def test_what_can_be_told_apart_stands_beside_the_scenario():
    found = gap(
        linear=some_errors(1), mae=some_errors(3), jepa=some_errors(4), spline=some_errors(5, 1)
    )
    assert found["margin"] == NRMSE.margin
    deviations = [
        np.log(some_errors(1) / values)[VALIDATION:].std(ddof=1)
        for values in (some_errors(3), some_errors(4), some_errors(5, 1))
    ]
    # For 22 patients 0.626 standard deviations of the differences.
    assert found["mde"] == pytest.approx(0.6264 * np.median(deviations), rel=1e-3)
    assert found["rows"]["mae"]["difference"]["verdict"] == "equivalent"


def four_tasks() -> list[Document]:
    """`mae` does all, `linear` two tasks, one seed of `jepa` failed, `probe` classifies."""
    gaps = {"gap": errors(some_errors(1)), "points": errors(some_errors(2))}
    masked = {"gap": errors(some_errors(3, -0.2)), "points": {"status": "not-applicable"}}
    tasks = {
        COMPLETION: gaps,
        "reconstruction": {"block": gaps["gap"]},
        "forecasting": {"future": gaps["gap"]},
    }
    confusions = worlds.beats(np.random.default_rng(0), 1, 1, len(PATIENTS))[0, 0]
    found = [
        document("linear", COMPLETION, gaps),
        document("linear", "reconstruction", {"block": gaps["gap"]}),
    ]
    found += [
        failure("linear", "forecasting", "timeout"),
        failure("linear", BEATS, "not-applicable"),
    ]
    found += [
        document("mae", task, masked if task == COMPLETION else its) for task, its in tasks.items()
    ]
    found += [document("mae", BEATS, {"heartbeat": beats(confusions)})]
    for task, its in tasks.items():
        found += [document("jepa", task, its), failure("jepa", task, "crashed", 1)]
    found += [document("probe", BEATS, {"heartbeat": beats(confusions)})]
    return found + [failure("probe", task, "not-applicable") for task in TASKS if task != BEATS]


def test_nothing_is_imputed():
    found = analysed(four_tasks(), probes=["probe"])
    assert list(found["scenarios"]) == ["gap", "points", "block", "future", "heartbeat"]
    assert {name: list(each["rows"]) for name, each in found["scenarios"].items()} == {
        "gap": ["linear", "mae"],
        "points": ["linear"],
        "block": ["linear", "mae"],
        "future": ["mae"],
        "heartbeat": ["mae", "probe"],
    }
    assert found["complete"] == {"linear": "2/4", "mae": "4/4", "jepa": "0/4", "probe": "1/1"}
    matrix = found["matrix"]
    assert matrix["rows"] == ["linear", "mae", "jepa", "probe"]
    assert matrix["wins"][1][0] == 1 and matrix["losses"][0][1] == 1  # gap
    assert matrix["ties"][0][1] == matrix["ties"][1][0] == 1  # block
    assert matrix["ties"][1][3] == 1 and not any(
        map(sum, [matrix["wins"][2], matrix["ties"][2], matrix["losses"][2]])
    )


def test_a_partial_run_does_not_outscore_a_full_one():
    """A row that fails where it would have lost stands in no place that it did not earn."""
    full = small(linear=some_errors(1), mae=[some_errors(3, -0.1), some_errors(4, 2.0)])
    partial = copy.deepcopy(full)
    partial[-1].update(status="crashed", scenarios={})
    whole, left = analysed(full), analysed(partial)
    assert whole["scenarios"]["gap"]["leader"] == left["scenarios"]["gap"]["leader"] == "linear"
    assert list(left["scenarios"]["gap"]["rows"]) == ["linear"] and left["complete"]["mae"] == "0/4"


def test_other_patients_in_one_row_are_refused():
    documents = small(linear=some_errors(1), mae=some_errors(3))
    table = documents[1]["scenarios"]["gap"]["patients"]
    table["split"] = [*table["split"][:-1], "validation"]
    with pytest.raises(
        UserError, match=r"b/mae/gap: scored on the patients .* as in the rows before it; score it"
    ):
        analysed(documents)


def test_another_primary_metric_in_one_row_is_refused():
    documents = small(linear=some_errors(1), mae=some_errors(3))
    documents[1]["scenarios"]["gap"]["primary"] = "warped_nrmse"
    with pytest.raises(UserError, match=r"b/mae/gap: ranked by warped_nrmse, expected nrmse"):
        analysed(documents)


def test_few_patients_give_what_they_can():
    documents = small(linear=some_errors(1), mae=some_errors(3))
    for each in documents:
        each["scenarios"]["gap"]["patients"]["split"] = ["validation"] * (len(PATIENTS) - 1) + [
            "test"
        ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = analysed(documents)["scenarios"]["gap"]
    mae = found["rows"]["mae"]
    assert (
        mae["value"] is not None
        and mae["low"] is None
        and mae["patient_sd"] is None
        and mae["rank"] == [1, 2]
    )
    assert found["mde"] is None and found["influence"] is None
    assert mae["difference"]["verdict"] == "undecided" and mae["difference"]["p_holm"] is None


def test_the_keys_are_those_that_the_page_reads_and_the_bytes_the_same():
    documents = [*four_tasks(), *small(oracle=np.zeros(len(PATIENTS)))]
    found = analysed(documents)
    assert list(found) == [
        "board",
        "rows",
        "families",
        "scenarios",
        "matrix",
        "complete",
        "coverage",
    ]
    assert found["coverage"] == COVERAGE and found["families"]["mae"] == "masked"
    scenario = found["scenarios"]["gap"]
    assert list(scenario) == [
        *(
            "task",
            "metric",
            "better",
            "patients",
            "reference",
            "margin",
            "mde",
            "leader",
            "influence",
            "ranks_of",
        ),
        *("rows", "pretraining"),
    ]
    assert (
        scenario["patients"] == PATIENTS[VALIDATION:]
        and len(scenario["rows"]["mae"]["per_patient"]) == TEST
    )
    assert list(scenario["rows"]["mae"]) == [
        *(
            "value",
            "low",
            "high",
            "per_patient",
            "patient_sd",
            "seed_sd",
            "seeds",
            "rank",
            "difference",
        ),
    ]
    assert list(scenario["rows"]["mae"]["difference"]) == [
        "value",
        "low",
        "high",
        "p",
        "p_holm",
        "verdict",
    ]
    assert (
        dump(found) == dump(analysed(copy.deepcopy(documents))) and json.loads(dump(found)) == found
    )
    # Another board's seed draws other bootstraps; everything else stays.
    other = analyse("b", 8, found["rows"], documents).model_dump()
    other = other["scenarios"]["gap"]["rows"]["mae"]
    assert {**other, "rank": 0} == {**scenario["rows"]["mae"], "rank": 0}


def test_a_pretraining_is_compared_with_rows_that_had_none():
    """The pretrained row is chosen on the validation patients, and no control's rank or reference
    changes by it."""
    chosen, other = some_errors(3, -0.2), some_errors(4, -0.4)
    other[:VALIDATION] *= 3
    rows = {
        "linear": some_errors(1),
        "mae": chosen,
        "jepa": other,
        "transformer": some_errors(5),
        "untrained": chosen,
    }
    documents = small(**rows)
    for each in documents:
        each["family"] = {"untrained": "control", "transformer": "supervised"}.get(
            each["row"], each["family"]
        )
    found = analysed(documents, pretrained=["mae", "jepa"])["scenarios"]["gap"]
    gain = found["pretraining"]
    assert [each["row"] for each in gain] == ["mae"]
    against = gain[0]["against"]
    logs = np.log(rows["transformer"] / chosen)[VALIDATION:]
    assert against["transformer"]["value"] == pytest.approx(logs.mean(), abs=1e-5)
    assert against["transformer"]["verdict"] == "better" and against["transformer"]["p"] < 1e-5
    assert against["untrained"]["value"] == 0 and against["untrained"]["verdict"] == "equivalent"
    without = analysed(documents)["scenarios"]["gap"]
    assert without["pretraining"] == [] and without == found | {"pretraining": []}
    probed = analysed(documents, probes=["jepa"])["scenarios"]["gap"]["pretraining"]
    assert [(each["row"], list(each["against"])) for each in probed] == [("jepa", ["untrained"])]


def test_the_tables_say_it():
    FAMILY.setdefault("probe", "masked")
    analysis = typed(analysed(four_tasks(), probes=["probe"]))
    table = comparison_table(COMPLETION, analysis)
    assert (
        "| gap<br>against linear" in table
        and "| **better** +0.2" in table
        and "reference<br>rank 2" in table
    )
    assert f"Smallest difference that {TEST} patients show 80% of the time: gap 0.0" in table
    assert "| 1 linear | 2/4" in matrix_table(analysis) and "| 1/1/0" in matrix_table(analysis)
    assert "too few" not in table
    assert pretraining_table(analysis) == ""
    learnt = small(mae=some_errors(3, -0.2), transformer=some_errors(5), untrained=some_errors(6))
    told = pretraining_table(typed(analysed(learnt, pretrained=["mae"])))
    assert (
        "| gap        | mae              | **better** +0.2" in told
        and "Interval above zero against both: gap." in told
    )
    seeds = typed(analysed(small(linear=some_errors(1), mae=[some_errors(3), some_errors(4)])))
    assert "over seeds | over patients" in comparison_table(COMPLETION, seeds)
    assert comparison_table(BEATS, seeds) == "No row that is no control was scored.\n"


def test_the_table_says_where_no_test_could_find_anything():
    documents = small(linear=some_errors(1), mae=some_errors(3, -1), jepa=some_errors(4))
    for each in documents:
        each["scenarios"]["gap"]["patients"]["split"] = ["validation"] * (len(PATIENTS) - 6) + [
            "test"
        ] * 6
    table = comparison_table(COMPLETION, typed(analysed(documents)))
    assert (
        "6 patients are too few for a permutation to call any of so many rows better or worse:"
        " gap.\n" in table
    )
    assert "| undecided +0.9" in table and "**better**" not in table  # 2 · 2 / 2^6 is not below 5 %


@pytest.fixture
def root(tmp_path):
    """A project of three methods, with documents of our own for every cell."""
    (tmp_path / "params.yaml").symlink_to(ROOT / "params.yaml")
    (tmp_path / "methods").mkdir()
    for name in ("linear", "mean", "rr-features"):
        (tmp_path / "methods" / name).symlink_to(ROOT / "methods" / name)
    for k, row in enumerate(board_rows("synthetic", tmp_path)):
        family = (
            rows(tmp_path)[row].card.family
            if row == "linear" or row == "rr-features"
            else "control"
        )
        for task in TASKS:
            made = (
                {"gap": errors(some_errors(k))}
                if task != BEATS
                else {"heartbeat": heartbeat(k)[0]["scenarios"]["heartbeat"]}
            )
            path = tmp_path / "leaderboard/scores/synthetic" / row / f"{task}-0.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dump(document(row, task, made, family=family, board="synthetic")))
    return tmp_path


def test_the_analysis_is_written_beside_the_board_and_makes_the_same_bytes_again(root):
    out = write_tables("synthetic", *read_documents("synthetic", root), root).parent
    first = {path.name: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    assert {"analysis.json", "board.csv", "board.json", "board.md"} <= set(first)
    write_tables("synthetic", *read_documents("synthetic", root), root)
    assert {
        path.name: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()
    } == first
    analysis = json.loads(first["analysis.json"])
    assert analysis["rows"] == rows_in_order("synthetic", root) and analysis["scenarios"]["gap"][
        "reference"
    ] in (
        "linear",
        "rr-features",
    )
    text = first["board.md"].decode()
    assert (
        "### Interpolation: compared" in text
        and "(interval approximate)" in text
        and "## Wins/ties/losses" in text
    )
    assert f"intervals covered {COVERAGE['paired']:.0%}" in text


def test_markdown_is_drawn_from_the_analysis_alone(root):
    write_tables("synthetic", *read_documents("synthetic", root), root)
    folder = root / "leaderboard/boards/synthetic"
    cells, analysis = read_cells("synthetic", root), read_analysis("synthetic", root)
    assert markdown("synthetic", cells, analysis) == (folder / "board.md").read_text()
