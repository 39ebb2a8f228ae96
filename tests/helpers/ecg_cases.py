"""Periodic ECG whose parts are hidden, autoregressive windows, and calls and cases of them."""

import json
from pathlib import Path

import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows
from tests.helpers.load_method import load

METHODS = Path(__file__).resolve().parents[2] / "methods"


RATE, SAMPLES = 250.0, 2500


TIMES = np.arange(SAMPLES) / RATE


def call(name, root=Path(), verb="predict", task="reconstruction", **changes):
    params = json.loads((METHODS / name / "params.json").read_text())[name]
    return Call(verb, task, params | changes, 1, {"steps": 1, "windows": 1}, root)


def case(signal, hides, snr=None):
    names = [f"L{k}" for k in range(signal.shape[1])]
    scenario = {
        "name": hides,
        "hides": hides,
        "snr": snr,
        "lead": 0,
        "seconds": None,
        "fraction": None,
    }
    return Windows(signal.astype(np.float32), [names] * len(signal), None, RATE, scenario)


def ecg(interval=0.8, shift=0.0, gains=(1.0, -0.6)):
    """A periodic two-lead window (leads, samples) in mV: P, QRS and T as Gaussians."""
    phase = (TIMES - shift + interval / 2) % interval - interval / 2
    waves = (
        (0.12, -0.17, 0.025),
        (-0.1, -0.03, 0.01),
        (1.0, 0.0, 0.011),
        (-0.2, 0.03, 0.01),
        (0.3, 0.22, 0.045),
    )
    beat = sum(a * np.exp(-0.5 * ((phase - m) / w) ** 2) for a, m, w in waves)
    return np.stack([gain * beat for gain in gains])


def hide(signal, stretches):
    hidden = signal.copy()
    for lead, start, stop in stretches:
        hidden[lead, start:stop] = np.nan
    return hidden


def error(truth, estimate, mask):
    return np.sqrt(np.mean((truth - estimate)[mask] ** 2)) / truth[mask].std()


def ar1(rng, windows, leads=1, rho=0.9):
    """Stationary AR(1) windows of unit variance."""
    from scipy.signal import lfilter

    noise = rng.standard_normal((windows, leads, SAMPLES + 200)) * np.sqrt(1 - rho**2)
    return np.asarray(lfilter([1], [1, -rho], noise, axis=-1))[..., 200:]


def fit_wiener(root):
    """Fit wiener on simulated ECG and white noise in the folder `root`."""
    (root / "data/train").mkdir(parents=True)
    (root / "model").mkdir()
    rng = np.random.default_rng(2)
    windows = np.stack([ecg(rng.uniform(0.6, 1.1), rng.uniform(0, 1)) for _ in range(20)])
    np.save(root / "data/train/windows.npy", windows.astype(np.float32))
    about = {"rate": RATE, "leads": [["A", "B"]] * 20, "patients": [0] * 20}
    (root / "data/train/windows.json").write_text(json.dumps(about))
    np.save(root / "data/noise.npy", rng.standard_normal((3, 2, 20000)).astype(np.float32))
    load("wiener").fit(call("wiener", root, "fit"))
    return root
