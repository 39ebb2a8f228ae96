"""Linear interpolation between visible neighbours; before the first and after the last, their value
is held."""

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve
from methods.kit.signal.visible import complete_leads


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV."""
    return complete_leads(case, fill)


def fill(lead: np.ndarray) -> np.ndarray:
    """One lead (samples,) in mV, NaN where hidden, with every hidden sample on the line between its
    neighbours."""
    times = np.flatnonzero(np.isfinite(lead))
    return np.interp(np.arange(len(lead)), times, lead[times])


if __name__ == "__main__":
    serve(predict)
