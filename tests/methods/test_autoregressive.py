"""Autoregressive models: Burg's estimate, its extension, and the order that is chosen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.scenarios import of_task
from methods.kit.contract.call import Call, read_json
from tests.helpers.completion_cases import (
    MAINS,
    METHODS,
    RATE,
    ROWS,
    beats,
    hide,
    rmse,
)
from tests.helpers.load_method import load as load_method


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
    assert set(chosen) == {"forecast-20", "forecast-50"}
    assert chosen["forecast-20"]["order"] > 150
    made = np.load(tmp_path / "out" / "prediction.npy")
    assert rmse(made[..., 2000:], windows[..., 2000:]) < 0.35 * windows[..., 2000:].std()
