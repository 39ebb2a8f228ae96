"""One autoregressive model per window and lead, from what is visible of it, predicts into the holes
from both sides."""

import json
from collections.abc import Sequence

import numpy as np
from burg import burg, extend

from methods.kit.contract.call import Call, read_json
from methods.kit.contract.windows import Windows, read_windows, serve
from methods.kit.signal import masks
from methods.kit.signal.visible import runs, visible_mean

ANSWERED = ("gap", "patches", "block", "lead", "future")
# Leads whose recursion runs side by side: few enough for the cache, enough to keep numpy busy.
BATCH = 32


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV, with what `fit` chose for the
    scenario."""
    assert case.scenario is not None
    chosen = read_json(call.model / "chosen.json")[case.scenario["name"]]
    return complete(np.asarray(case.signal), [chosen["order"]], chosen["ridge"])[chosen["order"]]


def fit(call: Call) -> None:
    """Choose order and ridge for each scenario on the validation patients; writes `chosen.json`.

    Of the models whose error is within `tolerance` of the lowest, those of the largest order are
    taken, and of these the best: squared error alone favours a model that fades to the mean over
    one that dares the next beat."""
    validation = read_windows(call.data / "validation")
    count = min(len(validation.signal), call.params["windows"])
    windows = validation.signal[
        np.linspace(0, len(validation.signal) - 1, count).round().astype(int)
    ]
    candidates = [order for order in call.params["orders"] if order < windows.shape[-1]]
    generator = np.random.default_rng(call.seed)
    chosen = {}
    for scenario in read_json(call.data / "scenarios.json")["scenarios"]:
        if scenario["hides"] in ANSWERED:
            hidden = np.stack(
                [
                    masks.hidden(scenario, generator, window.shape, validation.rate)
                    for window in windows
                ]
            )
            damaged = np.where(hidden, np.float32(np.nan), windows)
            errors = {
                (order, ridge): error(windows, completed, hidden, validation.rate)
                for ridge in call.params["ridges"]
                for order, completed in complete(damaged, candidates, ridge).items()
            }
            bound = min(errors.values()) * (1 + call.params["tolerance"])
            good = [pair for pair in errors if errors[pair] <= bound]
            order, ridge = max(good, key=lambda pair: (pair[0], -errors[pair]))
            chosen[scenario["name"]] = {"order": order, "ridge": ridge}
    (call.model / "chosen.json").write_text(json.dumps(chosen, indent=1, sort_keys=True) + "\n")


def complete(signal: np.ndarray, orders: Sequence[int], ridge: float) -> dict[int, np.ndarray]:
    """`signal` (windows, leads, samples) in mV, NaN where hidden, completed with a model of each
    order."""
    leads = signal.reshape(-1, signal.shape[-1])
    completed = {order: leads.copy() for order in orders}
    damaged = np.flatnonzero(np.isnan(leads).any(axis=1))
    for first in range(0, len(damaged), BATCH):
        batch = damaged[first : first + BATCH]
        hidden = np.isnan(leads[batch])
        level = visible_mean(leads[batch])
        centred = np.where(hidden, 0.0, leads[batch] - level)
        for order, models in burg(centred, ~hidden, orders, ridge).items():
            for lead, row in enumerate(batch):
                filled = level[lead] + bridge(centred[lead], hidden[lead], models[lead])
                completed[order][row, hidden[lead]] = filled[hidden[lead]]
    return {order: leads.reshape(signal.shape) for order, leads in completed.items()}


def bridge(centred: np.ndarray, hidden: np.ndarray, model: np.ndarray) -> np.ndarray:
    """One lead (samples,), 0 where hidden, with its holes predicted from the left and, reversed,
    from the right.

    The two are cross-faded linearly over the run; at an end of the window there is one side only.
    Predictions are clipped to the range of what is visible."""
    low, high = centred.min(), centred.max()
    ahead, behind = centred.copy(), centred[::-1].copy()
    holes, size = runs(hidden), len(centred)
    for start, stop in holes:
        ahead[start:stop] = np.clip(extend(ahead[:start], model, stop - start), low, high)
    for start, stop in reversed(holes):
        behind[size - stop : size - start] = np.clip(
            extend(behind[: size - stop], model, stop - start), low, high
        )
    behind = behind[::-1]
    filled = centred.copy()
    for start, stop in holes:
        fade = (np.arange(stop - start) + 0.5) / (stop - start)
        share = 1.0 if start == 0 else 0.0 if stop == size else fade
        filled[start:stop] = (1 - share) * ahead[start:stop] + share * behind[start:stop]
    return filled


def error(truth: np.ndarray, completed: np.ndarray, hidden: np.ndarray, rate: float) -> float:
    """Mean over windows of the RMSE over hidden samples, each lead without its wander and in units
    of its deviation."""
    from scipy.signal import butter, sosfiltfilt

    high_pass = butter(2, 0.5, "highpass", fs=rate, output="sos")
    true, made = (
        sosfiltfilt(high_pass, signal.astype(np.float64), axis=-1) for signal in (truth, completed)
    )
    scale = np.maximum(true.std(axis=-1, keepdims=True), 0.05)
    squares = np.sum(((made - true) / scale) ** 2, axis=(1, 2), where=hidden)
    return float(np.sqrt(squares / hidden.sum(axis=(1, 2))).mean())


if __name__ == "__main__":
    serve(predict, fit=fit)
