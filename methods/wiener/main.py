"""The linear minimum-mean-square estimate from what is visible, with covariances of training
windows and the window."""

import denoise
import numpy as np

from methods.kit.contract.call import Call
from methods.kit.contract.windows import Windows, read_windows, serve
from methods.kit.signal import kriging, kriging_stretches


def fit(call: Call) -> None:
    """Write the covariances of the training windows, and for noise the spectra of signal and
    noise."""
    train = read_windows(call.data / "train")
    signal = np.asarray(train.signal, np.float64)
    scaled, _, _ = kriging.scale_down(signal, train.rate, call.params["baseline_s"])
    np.save(call.model / "covariance.npy", kriging.covariance(scaled), allow_pickle=False)
    if call.task == "reconstruction":
        noise = np.load(call.data / "noise.npy", mmap_mode="r", allow_pickle=False)
        drawn = denoise.mixtures(noise, signal.shape[1:], np.random.default_rng(call.seed))
        np.save(
            call.model / "signal.npy",
            denoise.spectra(signal, train.rate, denoise.FLOOR_MV),
            allow_pickle=False,
        )
        np.save(
            call.model / "noise.npy",
            denoise.spectra(drawn, train.rate, np.finfo(float).eps),
            allow_pickle=False,
        )


def predict(case: Windows, call: Call) -> np.ndarray:
    """The completed or denoised windows (windows, leads, samples) in mV."""
    assert case.scenario is not None
    signal = np.array(case.signal, np.float64)
    if case.noisy:
        models = [
            np.load(call.model / f"{name}.npy", allow_pickle=False) for name in ("signal", "noise")
        ]
        return denoise.restore(signal, *models, snr=case.scenario["snr"], rate=case.rate)
    covariance = np.load(call.model / "covariance.npy", allow_pickle=False)
    scaled, base, deviation = kriging.scale_down(signal, case.rate, call.params["baseline_s"])
    params = call.params
    of_points = {name: params[name] for name in ("prior", "nugget", "near_s", "tile_s", "margin_s")}
    others = ("prior", "prior_leads", "nugget", "context_s", "thin", "reach_s", "every")
    of_stretches = {name: params[name] for name in others}
    for window, hidden in enumerate(np.isnan(signal)):
        if case.scenario["hides"] == "points":
            filled = kriging.points(scaled[window], covariance, case.rate, **of_points)
        else:
            filled = kriging_stretches.complete(
                scaled[window], covariance, case.rate, **of_stretches
            )
        signal[window][hidden] = (base[window] + deviation[window] * filled)[hidden]
    return signal


if __name__ == "__main__":
    serve(predict, fit)
