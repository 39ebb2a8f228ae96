"""White Gaussian noise about the lead's mean: what a metric must rank below the flat line."""

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve
from methods.kit.signal.visible import visible_deviation, visible_mean


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV: normal draws with the visible mean and
    deviation."""
    noise = np.random.default_rng(call.seed).standard_normal(case.signal.shape)
    spread = call.params["deviations"] * visible_deviation(case.signal)
    return np.where(case.wanted(), visible_mean(case.signal) + spread * noise, case.signal)


if __name__ == "__main__":
    serve(predict)
