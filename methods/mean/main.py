"""The flat line: what is hidden of a lead is the mean of what is visible. Copy this folder to start
a method."""

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV, of which only the wanted samples are
    scored.

    `case.signal` has the same shape, sampled at `case.rate` Hz; `call.params` holds this row's
    entry of params.json."""
    completed = np.array(case.signal)  # a copy, because a case is read-only
    for window, signal in enumerate(completed):
        # (leads, samples): the hidden samples, or all of them where noise was added.
        wanted = case.wanted(window)
        for lead in range(len(signal)):
            signal[lead, wanted[lead]] = level(signal[lead])
    return completed


def level(lead: np.ndarray) -> float:
    """The mean of the visible samples of one lead, in mV; 0 where none is visible, because answers
    must be finite."""
    visible = lead[np.isfinite(lead)]  # hidden samples are NaN
    return float(visible.mean(dtype=np.float64)) if visible.size else 0.0


# The harness runs `python main.py predict TASK`; `serve` reads the case, writes the answer.
if __name__ == "__main__":
    serve(predict)
