"""What learned completion methods share: hide training windows as the scenarios do, start from
classical estimates, learn what they lack.

The network sees, and may ask an encoder to see, the channels of `inputs_of`, in this order and in
units of each lead's deviation over what is visible of it:

    leads    the classical estimate, exact where visible: kriging where single samples or stretches
             of one lead are hidden, else lines
    leads    the window made of nothing but its own median beat (the estimate again where no two
             beats are seen)
    leads    1 where a sample is visible as it is, else 0
    1        the noise's share of the amplitude, 0 without noise

and with them the number of each lead's name (`methods.kit.signal.leads`). It answers with what is
to be added to the estimate named `base`. All pass the scorer's baseline filter first: offset and
wander of what is hidden can't be known and would drown the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from methods.kit.contract.call import Call, read_json
from methods.kit.contract.windows import Windows, read_windows
from methods.kit.network.checkpoints import load
from methods.kit.network.training import MODEL, Schedule, device, place, steps_within, train
from methods.kit.signal import kriging, kriging_stretches, masks, template
from methods.kit.signal.baseline import bridge
from methods.kit.signal.leads import lead_ids

FLOOR_MV = 0.05  # the least deviation that a lead is divided by
ACROSS = {"block", "lead"}  # what hides one lead while another is visible
# The median beat's share of the base, by what is hidden; the rest is the estimate. The two err
# differently: on validation patients halves of both are nearer to a hidden block than either.
TEMPLATE_SHARE = {"gap": 1.0, "patches": 1.0, "future": 1.0, "lead": 0.7, "block": 0.5}
BASELINE_S = 1.0  # s over which the median of the visible samples is the baseline, for kriging
KRIGED = 400  # training windows of which its covariance is taken
Build = Callable[[Call, int, int], nn.Module]  # of the call, the leads and the channels


@dataclass(frozen=True)
class Inputs:
    """What a network gets of a batch of windows, all tensors."""

    channels: torch.Tensor  # (windows, 3 * leads + 1, samples)
    base: torch.Tensor  # (windows, leads, samples) mV, to which the answer is added
    scale: torch.Tensor  # (windows, leads, 1) mV, the answer's unit


def channels_of(leads: int) -> int:
    """How many channels a network gets of so many leads."""
    return 3 * leads + 1


def highpass(x: torch.Tensor, rate: float) -> torch.Tensor:
    """Zero-phase Butterworth high-pass (order 2, 0.5 Hz, there and back) over the last axis, by its
    squared gain.

    Odd extension by 2 s at either end, as `scipy.signal.filtfilt` does, so that the ends don't
    ring."""
    margin = min(round(2 * rate), x.shape[-1] - 1)
    left = 2 * x[..., :1] - x[..., 1 : margin + 1].flip(-1)
    right = 2 * x[..., -1:] - x[..., -margin - 1 : -1].flip(-1)
    extended = torch.cat([left, x, right], -1)
    length = extended.shape[-1]
    ratio = (torch.fft.rfftfreq(length, 1 / rate, device=x.device) / 0.5) ** 4
    filtered = torch.fft.irfft(torch.fft.rfft(extended) * (ratio / (1 + ratio)), n=length)
    return filtered[..., margin : margin + x.shape[-1]]


def covariance_of(training: Windows, rng: np.random.Generator) -> np.ndarray:
    """The covariance by lag (leads, leads, 2 samples - 1) of scaled training windows, for
    `inputs_of`."""
    windows, _ = drawn_windows(training, min(KRIGED, len(training.signal)), rng)
    return kriging.covariance(kriging.scale_down(windows, training.rate, BASELINE_S)[0])


def krige(windows: np.ndarray, hides: str, covariance: np.ndarray, rate: float) -> np.ndarray:
    """Windows (windows, leads, samples) in mV with hidden samples estimated from those around them
    and other leads: single ones where `hides` is "points", else stretches."""
    scaled, base, deviation = kriging.scale_down(windows, rate, BASELINE_S)
    fill = kriging.points if hides == "points" else kriging_stretches.complete
    filled = np.stack([fill(window, covariance, rate) for window in scaled])
    return np.where(np.isnan(windows), base + deviation * filled, windows)


def inputs_of(
    windows: np.ndarray, scenarios: list[dict[str, Any]], rate: float, covariance: np.ndarray
) -> Inputs:
    """The inputs of windows (windows, leads, samples) in mV, NaN = hidden, each hidden as its
    scenario in `scenarios`; `covariance` is what `covariance_of` gives.

    Nothing of them depends on a hidden sample: every level and deviation is of visible samples.
    """
    visible = ~np.isnan(windows)
    hides = np.array([scenario["hides"] for scenario in scenarios])
    estimate = bridge(windows)
    for kind in ACROSS | {"points"}:
        if (asked := hides == kind).any():
            estimate[asked] = krige(windows[asked], kind, covariance, rate)
    beats = template.median_beats(windows, rate)
    beats = np.where(np.isfinite(beats), beats, estimate)
    share = np.array([TEMPLATE_SHARE.get(kind, 0.0) for kind in hides])[:, None, None]
    alone = np.isin(hides, list(ACROSS))[:, None, None] & ~visible.any(1, keepdims=True)
    base = np.where(visible, windows, estimate + np.where(alone, 0.0, share) * (beats - estimate))

    noisy = torch.from_numpy(hides == "noise")[:, None, None]
    level = torch.tensor(
        [10 ** (-each["snr"] / 20) if each["hides"] == "noise" else 0.0 for each in scenarios]
    )
    shown = torch.from_numpy(visible)
    straight, template_part = (
        highpass(torch.from_numpy(part).float(), rate) for part in (estimate, beats)
    )
    power = (straight**2 * shown).sum(-1) / shown.sum(-1).clamp(min=1)
    scale = power.sqrt().clamp(min=FLOOR_MV)[..., None]
    parts = [
        (straight / scale).clamp(-20, 20),
        (template_part / scale).clamp(-20, 20),
        (shown & ~noisy).float(),
        level[:, None, None].expand(-1, 1, windows.shape[-1]),
    ]
    return Inputs(torch.cat(parts, 1), torch.from_numpy(base).float(), scale)


def loss_of(
    answer: torch.Tensor, target: torch.Tensor, wanted: torch.Tensor, rate: float
) -> torch.Tensor:
    """Mean over windows of the RMSE of the high-passed error over wanted samples; nothing else of
    `target` counts.

    All (windows, leads, samples), in units of the lead's scale.
    """
    error = highpass(torch.where(wanted, answer.float() - target, 0.0), rate)
    square = torch.where(wanted, error**2, 0.0).sum((1, 2)) / wanted.sum((1, 2)).clamp(min=1)
    return (square + 1e-6).sqrt().mean()


@dataclass(frozen=True)
class Hider:
    """Makes questions of training windows: hides or spoils them as scenarios say."""

    scenarios: list[dict[str, Any]]
    noise: np.ndarray | None  # (kinds, channels, samples) mV
    rate: float  # Hz
    covariance: np.ndarray  # of `covariance_of`

    def ask(
        self, windows: np.ndarray, scenarios: list[dict[str, Any]], rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Complete windows (windows, leads, samples) in mV, each with its scenario, to the channels
        that a network gets, what it is to answer, and where the answer counts."""
        power = highpass(torch.from_numpy(windows), self.rate).var(-1, correction=0).numpy()
        power = np.maximum(power, FLOOR_MV**2)
        pairs = [
            self.spoil(window, of_window, scenario, rng)
            for window, of_window, scenario in zip(windows, power, scenarios, strict=True)
        ]
        shown, wanted = (np.stack(part) for part in zip(*pairs, strict=True))
        inputs = inputs_of(shown, scenarios, self.rate, self.covariance)
        target = (torch.from_numpy(windows) - inputs.base) / inputs.scale
        return inputs.channels, target, torch.from_numpy(wanted)

    def spoil(
        self,
        clean: np.ndarray,
        power: np.ndarray,
        scenario: dict[str, Any],
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """One window (leads, samples) in mV as `scenario` would show it, and where it is to be
        estimated. `power` (leads,) is that of the filtered window, in mV^2. Raises
        FileNotFoundError where noise is asked for and none is there."""
        if scenario["hides"] != "noise":
            hidden = masks.hidden(scenario, rng, clean.shape, self.rate)
            return np.where(hidden, np.float32(np.nan), clean), hidden
        if self.noise is None:
            raise FileNotFoundError(
                f"scenario {scenario['name']!r} adds noise, but there is no data/noise.npy"
            )
        added = masks.noise_mixture(self.noise, rng, clean.shape)
        added_power = highpass(torch.from_numpy(added), self.rate).var(-1, correction=0).numpy()
        gain = np.sqrt(power / (added_power * 10 ** (scenario["snr"] / 10)))
        return clean + gain[:, None].astype(np.float32) * added, np.ones(clean.shape, bool)


def windows_at(windows: Windows, picked: np.ndarray) -> tuple[np.ndarray, torch.Tensor]:
    """The windows (count, leads, samples) in mV of indices `picked` (count,), and the numbers of
    their leads (count, leads)."""
    ids = lead_ids([windows.leads[number] for number in picked])
    return np.asarray(windows.signal[picked], np.float32), torch.from_numpy(ids)


def drawn_windows(
    training: Windows, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, torch.Tensor]:
    """`count` training windows (count, leads, samples) in mV, each lead upside down or not
    (electrodes get swapped), and the numbers of their leads (count, leads)."""
    windows, ids = windows_at(training, np.sort(rng.integers(len(training.signal), size=count)))
    windows = windows * rng.choice(np.array([-1, 1], np.float32), size=(count, windows.shape[1], 1))
    return windows, ids


def spread(windows: Windows, count: int) -> np.ndarray:
    """Indices of at most `count` windows, evenly spread over all of them."""
    total = len(windows.signal)
    return np.linspace(0, total - 1, min(count, total)).round().astype(int)


def validation_questions(
    validation: Windows, hider: Hider, batch_size: int, count: int
) -> list[tuple[torch.Tensor, ...]]:
    """The same questions at every check: of at most `count` windows, scenarios taking turns."""
    chosen, scenarios, questions = spread(validation, count), hider.scenarios, []
    for start in range(0, len(chosen), batch_size):
        windows, ids = windows_at(validation, chosen[start : start + batch_size])
        asked = [scenarios[(start + i) % len(scenarios)] for i in range(len(windows))]
        questions.append((ids, *hider.ask(windows, asked, np.random.default_rng([7, start]))))
    return questions


def fit(call: Call, build: Build) -> None:
    """Train the network of `build` on all scenarios of the call's task at once."""
    training, validation = (read_windows(call.data / part) for part in ("train", "validation"))
    scenarios = read_json(call.data / "scenarios.json")["scenarios"]
    path = call.data / "noise.npy"
    noise = np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None
    covariance = covariance_of(training, np.random.default_rng([call.seed, 0]))
    hider = Hider(scenarios, noise, training.rate, covariance)
    batch_size = call.params["batch_size"]
    steps = steps_within(call, batch_size)
    questions = validation_questions(validation, hider, batch_size, max(2 * batch_size, steps // 4))

    torch.manual_seed(call.seed)
    leads = training.signal.shape[1]
    model = build(call, leads, channels_of(leads))
    model.register_buffer("covariance", torch.from_numpy(covariance))

    def draw_batch(rng: np.random.Generator) -> tuple:
        windows, ids = drawn_windows(training, batch_size, rng)
        drawn = [scenarios[k] for k in rng.integers(len(scenarios), size=batch_size)]
        return ids, *hider.ask(windows, drawn, rng)

    def loss(question: tuple) -> torch.Tensor:
        ids, channels, target, wanted = question
        return loss_of(model(channels, ids), target, wanted, training.rate)

    def check() -> float:
        total = sum(len(each[0]) * float(loss(place(each))) for each in questions)
        return total / sum(len(each[0]) for each in questions)

    train(call, model, draw_batch, loss, check, Schedule(steps, call.params["learning_rate"]))


def predict(case: Windows, call: Call, build: Build) -> np.ndarray:
    """The completed windows (windows, leads, samples) in mV."""
    if case.scenario is None:
        raise ValueError(f"{call.case} holds no scenario")
    leads = case.signal.shape[1]
    model = build(call, leads, channels_of(leads))
    lags = 2 * case.signal.shape[2] - 1
    model.register_buffer("covariance", torch.zeros(leads, leads, lags, dtype=torch.float64))
    covariance = load(call.model / MODEL, model).get_buffer("covariance").numpy()
    model.to(device())
    completed = np.array(case.signal, np.float32)
    ids = torch.from_numpy(lead_ids(case.leads)).to(device())
    for start in range(0, len(completed), 64):
        rows = slice(start, start + 64)
        shown = completed[rows]
        inputs = inputs_of(shown, [case.scenario] * len(shown), case.rate, covariance)
        with torch.inference_mode():
            answer = model(inputs.channels.to(device()), ids[rows]).float().cpu()
        wanted = case.wanted(rows)
        shown[wanted] = (inputs.base + inputs.scale * answer).numpy()[wanted]
    return completed
