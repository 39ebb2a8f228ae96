"""A hidden lead from the leads that are still visible, by a filter fitted in the window itself."""

import numpy as np
import regression

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV."""
    return regression.complete(case.signal, case.rate, **call.params)


if __name__ == "__main__":
    serve(predict)
