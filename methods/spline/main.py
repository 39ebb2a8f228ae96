"""Piecewise cubic interpolation between visible samples, kept within bounds where it would run
away."""

from functools import partial

import numpy as np
from scipy.interpolate import Akima1DInterpolator, CubicSpline, PchipInterpolator

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, serve
from methods.kit.signal.visible import complete_leads

KINDS = {"cubic": CubicSpline, "pchip": PchipInterpolator, "akima": Akima1DInterpolator}


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV."""
    longest = call.params["longest_s"]
    samples = np.inf if longest is None else longest * case.rate
    return complete_leads(case, partial(fill, kind=call.params["kind"], longest=samples))


def fill(lead: np.ndarray, kind: str, longest: float) -> np.ndarray:
    """One lead (samples,) in mV, NaN where hidden, interpolated.

    Three bounds: before the first and after the last visible sample their value is held; hidden
    runs longer than `longest` samples are bridged by a straight line; the curve is clipped to the
    range of the lead's visible samples."""
    times = np.flatnonzero(np.isfinite(lead))
    values, every = lead[times], np.arange(len(lead))
    line = np.interp(every, times, values)
    if len(times) < 2:
        return line
    inside = every[times[0] : times[-1]]
    spacing = np.diff(times)[np.searchsorted(times, inside, side="right") - 1]
    short = inside[spacing - 1 <= longest]
    line[short] = np.clip(KINDS[kind](times, values)(short), values.min(), values.max())
    return line


if __name__ == "__main__":
    serve(predict)
