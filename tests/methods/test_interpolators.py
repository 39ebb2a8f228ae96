"""Small windows with known answers for the methods that complete a lead from itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contract import COMPLETION
from benchmarks.scenarios import hidden, of_task
from benchmarks.settings import read_method
from methods.kit.contract.call import Call, read_json
from methods.kit.contract.windows import Windows
from methods.kit.signal.visible import runs, visible_mean
from tests.helpers.load_method import load as load_method

METHODS = Path(__file__).parents[2] / "methods"
RATE = 250.0
FOLDERS = ("mean", "noise", "comb", "linear", "spline", "seasonal-repeat", "autoregressive")
ROWS = {
    row: (folder, params)
    for folder in FOLDERS
    for row, params in read_json(METHODS / folder / "params.json").items()
}
REPEATING = ("seasonal-repeat", "autoregressive")
SPLINES = ("spline-cubic", "spline-pchip", "spline-akima")
GAP = {"name": "gap", "task": "interpolation", "hides": "gap", "seconds": 1.0}


MAINS = {folder: load_method(folder) for folder in FOLDERS}


def call_of(row: str, root: Path, seed: int = 0) -> Call:
    return Call("predict", "interpolation", ROWS[row][1], seed, {"steps": 1, "windows": 1}, root)


def case_of(signal: np.ndarray, **scenario: Any) -> Windows:
    """A case of `signal` (leads, samples) or (windows, leads, samples) with its NaN."""
    windows = np.asarray(signal, np.float32).reshape(-1, *signal.shape[-2:])
    windows.flags.writeable = False
    return Windows(
        windows,
        [["MLII", "V1"][: windows.shape[1]]] * len(windows),
        None,
        RATE,
        {**GAP, **scenario},
    )


def predict(row: str, signal: np.ndarray, root: Path, **scenario: Any) -> np.ndarray:
    """What `row` makes of `signal`, in its shape, a fit being taken to have chosen order 200 and
    hardly any ridge."""
    case = case_of(signal, **scenario)
    call = call_of(row, root)
    call.model.mkdir(exist_ok=True)
    (call.model / "chosen.json").write_text(
        json.dumps({GAP["name"]: {"order": 200, "ridge": 1e-9}})
    )
    return MAINS[ROWS[row][0]].predict(case, call).reshape(signal.shape)


def hide(signal: np.ndarray, start: int, stop: int) -> np.ndarray:
    damaged = np.array(signal, np.float64)
    damaged[..., start:stop] = np.nan
    return damaged


def sine(frequency: float = 1.3, samples: int = 2500) -> np.ndarray:
    """Two leads of one sine, of unequal size and offset."""
    wave = np.sin(2 * np.pi * frequency * np.arange(samples) / RATE)
    return np.stack([wave, 0.4 * wave + 0.3])


def beats(times: np.ndarray, samples: int = 2500) -> np.ndarray:
    """Two leads with a narrow and a wide wave at each time, in samples."""
    offset = np.arange(samples)[:, None] - times
    lead = (np.exp(-0.5 * (offset / 4) ** 2) + 0.3 * np.exp(-0.5 * ((offset - 60) / 15) ** 2)).sum(
        axis=1
    )
    return np.stack([lead, -0.5 * lead])


def rmse(made: np.ndarray, true: np.ndarray) -> float:
    return float(np.sqrt(np.mean((made - true) ** 2)))


@pytest.mark.parametrize("folder", FOLDERS)
def test_card_and_parameters_are_those_of_the_contract(folder: str) -> None:
    found = read_method(METHODS / folder)[0]
    assert found.card.name == folder
    assert all(row.startswith(folder) for row in read_json(METHODS / folder / "params.json"))
    answered = {s.name for task in COMPLETION for s in of_task(task, 2) if found.answers(s)}
    everything = {s.name for task in COMPLETION for s in of_task(task, 2)}
    noisy = {name for name in everything if name.startswith("snr")}
    without = {
        "linear": noisy,
        "spline": noisy,
        "seasonal-repeat": noisy | {"points-75"},
        "autoregressive": noisy | {"points-75"},
    }
    assert answered == everything - without.get(folder, set())


@pytest.mark.parametrize("row", ROWS)
def test_any_case_gets_finite_answers_and_keeps_what_is_visible(row: str, tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    lively = generator.standard_normal((2, 2500)).cumsum(axis=1) / 50
    flat = np.full((2, 2500), 0.7)
    nothing, one, two, ends = (hide(lively, 0, 0) for _ in range(4))
    nothing[0] = one[0, 1:] = two[0, 2:] = ends[:, 1:-1] = np.nan
    late = hide(lively, 0, 2490)
    drawn = [
        np.where(hidden(scenario, generator, 2, 2500, RATE), np.nan, signal)
        for task in COMPLETION
        for scenario in of_task(task, 2)
        for signal in (lively, flat)
    ]
    cases = np.stack([nothing, one, two, ends, late, np.full((2, 2500), np.nan), *drawn])
    made = predict(row, cases, tmp_path)
    assert made.shape == cases.shape
    assert np.isfinite(made).all()
    visible = np.isfinite(cases)
    np.testing.assert_array_equal(made[visible], cases[visible].astype(np.float32))


@pytest.mark.parametrize("row", ROWS)
def test_a_flat_lead_stays_flat(row: str, tmp_path: Path) -> None:
    made = predict(row, hide(np.full((2, 2500), -0.25), 1000, 1250), tmp_path)
    np.testing.assert_allclose(made, -0.25, atol=1e-6)


@pytest.mark.parametrize("row", ["mean", "noise", "comb"])
def test_controls_answer_every_sample_of_a_noisy_case_about_its_mean(
    row: str, tmp_path: Path
) -> None:
    noisy = sine() + np.array([[5.0], [-3.0]])
    added = predict(row, noisy, tmp_path, hides="noise", snr=6.0) - noisy.mean(
        axis=1, keepdims=True
    )
    if row == "mean":
        np.testing.assert_allclose(added, 0, atol=1e-5)
        return
    added /= noisy.std(axis=1, keepdims=True)
    if row == "noise":
        assert np.abs(added.mean(axis=1)).max() < 0.1 and np.abs(added.std(axis=1) - 1).max() < 0.1
    else:
        assert set(np.round(np.unique(added), 3)) == {0.0, 0.7}


def test_mean_takes_visible_samples_alone(tmp_path: Path) -> None:
    signal = np.tile(np.r_[np.full(1000, 1.0), np.full(250, np.nan), np.full(1000, 3.0)], (2, 1))
    np.testing.assert_allclose(predict("mean", signal, tmp_path)[:, 1000:1250], 2.0)


def test_comb_has_15_samples_of_pulse_in_every_50(tmp_path: Path) -> None:
    square = np.where(np.arange(2500) % 2, 1.0, -1.0)[None]
    made = predict("comb", square, tmp_path, hides="noise")[0]
    starts, stops = zip(*runs(made > 0.5), strict=True)
    assert starts == tuple(range(0, 2500, 50)) and stops == tuple(range(15, 2500, 50))


def test_noise_follows_its_seed(tmp_path: Path) -> None:
    case = case_of(hide(sine(), 1000, 1250))
    first, again, other = (
        MAINS["noise"].predict(case, call_of("noise", tmp_path, seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_linear_restores_a_line_and_holds_the_edges(tmp_path: Path) -> None:
    line = np.stack([np.linspace(-1, 1, 2500), np.linspace(2, 0, 2500)])
    np.testing.assert_allclose(predict("linear", hide(line, 900, 1700), tmp_path), line, atol=1e-6)
    made = predict("linear", hide(hide(line, 0, 100), 2000, 2500), tmp_path)
    np.testing.assert_allclose(made[:, :100], line[:, [100]] * np.ones(100), atol=1e-6)
    np.testing.assert_allclose(made[:, 2000:], line[:, [1999]] * np.ones(500), atol=1e-6)


@pytest.mark.parametrize("row", SPLINES)
def test_splines_beat_the_line_on_a_smooth_curve(row: str, tmp_path: Path) -> None:
    true = sine(5.0)
    damaged = true.copy()
    damaged[:, np.arange(2500) % 4 != 0] = np.nan
    edge = slice(0, 2497)  # what follows the last visible sample is held
    line = rmse(predict("linear", damaged, tmp_path)[:, edge], true[:, edge])
    assert rmse(predict(row, damaged, tmp_path)[:, edge], true[:, edge]) < 0.5 * line


@pytest.mark.parametrize("row", SPLINES)
def test_splines_stay_within_what_is_visible(row: str, tmp_path: Path) -> None:
    steep = beats(np.arange(100, 2500, 200.0))
    damaged = hide(hide(steep, 893, 1107), 2295, 2500)  # holes that begin on the flank of a beat
    rng = np.random.default_rng(3)
    damaged[:, :800][rng.random((2, 800)) < 0.75] = np.nan
    made = predict(row, damaged, tmp_path)
    low, high = np.nanmin(damaged, axis=1, keepdims=True), np.nanmax(damaged, axis=1, keepdims=True)
    assert (made >= low - 1e-6).all() and (made <= high + 1e-6).all()
    between = np.sort(damaged[:, [892, 1107]], axis=1)
    assert (made[:, 893:1107] >= between[:, :1] - 1e-6).all() and (
        made[:, 893:1107] <= between[:, 1:] + 1e-6
    ).all()
    np.testing.assert_allclose(made[:, 2295:], made[:, [2294]] * np.ones(205))


@pytest.mark.parametrize("row", REPEATING)
@pytest.mark.parametrize(
    ("start", "stop"), [(1000, 1750), (1250, 2500), (0, 800)], ids=["gap", "future", "past"]
)
def test_a_sine_is_continued(row: str, start: int, stop: int, tmp_path: Path) -> None:
    true = sine()
    hole = slice(start, stop)
    made = predict(row, hide(true, start, stop), tmp_path)
    for lead in range(2):  # the flat line's error is 1 in these units
        assert rmse(made[lead, hole], true[lead, hole]) / true[lead].std() < 0.15


@pytest.mark.parametrize("row", REPEATING)
def test_patches_and_a_lost_lead_of_regular_beats_come_back(row: str, tmp_path: Path) -> None:
    true = beats(np.arange(90, 2600, 190.0))
    patches, lost = true.copy(), true.copy()
    for patch in (1, 4, 5, 8):
        patches[:, patch * 250 : (patch + 1) * 250] = np.nan
    lost[1, 1000:] = np.nan
    for damaged in (patches, lost):
        hole = np.isnan(damaged)
        made = predict(row, damaged, tmp_path)
        flat = visible_mean(damaged).repeat(2500, axis=1)
        # Prediction 6 s ahead fades, a repeat doesn't.
        share = {"seasonal-repeat": 0.01, "autoregressive": 0.8}[row]
        assert rmse(made[hole], true[hole]) < share * rmse(flat[hole], true[hole])


def test_repeats_of_both_sides_meet_on_one_beat(tmp_path: Path) -> None:
    # The rhythm slows down.
    times = 60 + np.cumsum(np.r_[0, np.full(5, 190), np.full(8, 204)]).astype(float)
    true = beats(times)
    middle = round(times[6])
    made = predict("seasonal-repeat", hide(true, middle - 125, middle + 125), tmp_path)[
        0, middle - 125 : middle + 125
    ]
    peaks = runs(made > 0.5)
    assert len(peaks) == 1 and abs(np.mean(peaks[0]) - 125) <= 12


def test_burg_finds_the_model_across_holes_and_is_stable() -> None:
    from scipy.signal import lfilter

    true = np.array([1.0, -1.6, 0.8])
    signal = np.asarray(lfilter([1.0], true, np.random.default_rng(0).standard_normal(4000)))[
        None, :
    ]
    visible = np.ones(signal.shape, bool)
    visible[:, 500:900] = visible[:, 2000:2010] = False
    models = load_method("autoregressive", "burg").burg(
        np.where(visible, signal, 0), visible, [2, 100], 0.0
    )
    np.testing.assert_allclose(models[2][0], true, atol=0.05)
    assert np.abs(np.roots(models[100][0])).max() < 1


def test_extension_obeys_the_model() -> None:
    model = np.array([1.0, -1.6, 0.8])
    past = np.array([0.3, -0.2, 0.5, 1.0])
    expected = past.tolist()
    for _ in range(6):
        expected.append(1.6 * expected[-1] - 0.8 * expected[-2])
    np.testing.assert_allclose(
        load_method("autoregressive", "burg").extend(past, model, 6), expected[4:]
    )


def test_autoregressive_chooses_an_order_beyond_the_beat_and_predicts_as_a_script(
    tmp_path: Path,
) -> None:
    windows = np.stack([beats(np.arange(first, 2600, 170.0)) for first in (20, 60, 110)])
    rows = [scenario.model_dump() for scenario in of_task("forecasting", 2)]
    about = {"contract_version": 1, "rate": RATE, "leads": [["MLII", "V1"]] * 3}
    call = {
        "task": "forecasting",
        "params": {**ROWS["autoregressive"][1], "orders": [50, 100, 200]},
        "seed": 0,
        "budget": {},
    }
    for folder in ("data/validation", "case", "model", "out"):
        (tmp_path / folder).mkdir(parents=True)
    for folder, signal, more in (
        ("data/validation", windows, {"patients": [1, 1, 2]}),
        ("case", hide(windows, 2000, 2500), {"scenario": rows[0]}),
    ):
        np.save(tmp_path / folder / "windows.npy", signal.astype(np.float32))
        (tmp_path / folder / "windows.json").write_text(json.dumps({**about, **more}))
    (tmp_path / "data" / "scenarios.json").write_text(json.dumps({"scenarios": rows}))
    environment = {**os.environ, "PYTHONPATH": str(METHODS.parent), "PQRST_ROOT": str(tmp_path)}
    MAINS["autoregressive"].fit(Call("fit", "forecasting", call["params"], 0, {}, tmp_path))
    (tmp_path / "call.json").write_text(json.dumps({**call, "verb": "predict"}))
    entry = [sys.executable, str(METHODS / "autoregressive" / "main.py"), "predict", "forecasting"]
    subprocess.run(entry, check=True, env=environment)
    chosen = read_json(tmp_path / "model" / "chosen.json")
    assert set(chosen) == {"forecast-20", "forecast-50"} and chosen["forecast-20"]["order"] > 150
    made = np.load(tmp_path / "out" / "prediction.npy")
    assert rmse(made[..., 2000:], windows[..., 2000:]) < 0.35 * windows[..., 2000:].std()
