"""The scenarios of the completion tasks: what each hides, and the masks that it draws.

Task versions are listed in CHANGELOG.md: changing what a scenario hides makes every published
number another one."""

from pathlib import Path

import numpy as np

from benchmarks.contract import Scenario

FIXED = (
    Scenario(name="points-75", task="interpolation", hides="points", fraction=0.75),
    Scenario(name="gap-10", task="interpolation", hides="gap", seconds=1),
    Scenario(name="gap-30", task="interpolation", hides="gap", seconds=3),
    Scenario(name="patches-40", task="reconstruction", hides="patches", fraction=0.4, seconds=1),
    Scenario(name="block-40", task="reconstruction", hides="block", fraction=0.4, seconds=4),
    Scenario(name="snr-12", task="reconstruction", hides="noise", snr=12),
    Scenario(name="snr-6", task="reconstruction", hides="noise", snr=6),
    Scenario(name="snr-0", task="reconstruction", hides="noise", snr=0),
    Scenario(name="snr-minus-6", task="reconstruction", hides="noise", snr=-6),
    Scenario(name="forecast-20", task="forecasting", hides="future", seconds=2),
    Scenario(name="forecast-50", task="forecasting", hides="future", seconds=5),
)
SNR = {each.name: round(each.snr) for each in FIXED if each.snr is not None}  # dB
HEARTBEAT = Scenario(name="heartbeat", task="classification", hides="labels")
MOST_LEADS = 12  # of any board, so that every scenario of a lead that falls off is known
LEAD_VISIBLE_S = 4.0  # a lead that falls off is seen for this long


def scenarios(leads: int) -> list[Scenario]:
    """Every completion scenario of a board with this many leads."""
    off = [
        Scenario(name=f"lead-{k + 1}", task="reconstruction", hides="lead", lead=k)
        for k in range(leads)
    ]
    return [*FIXED[:5], *off, *FIXED[5:]]


def of_task(task: str, leads: int) -> list[Scenario]:
    """The scenarios of `task` in the order of the board.

    >>> [scenario.name for scenario in of_task("forecasting", leads=2)]
    ['forecast-20', 'forecast-50']
    """
    return (
        [HEARTBEAT] if task == "classification" else [s for s in scenarios(leads) if s.task == task]
    )


# A twin of `methods.kit.signal.masks.hidden` on purpose: a method's image holds the kit alone.
def hidden(
    scenario: Scenario, rng: np.random.Generator, leads: int, samples: int, rate: float
) -> np.ndarray:
    """Draw which samples `scenario` hides in one window: bool (leads, samples). Noise hides
    none."""
    mask = np.zeros((leads, samples), bool)
    length = round((scenario.seconds or 0) * rate)
    second = round(rate)
    match scenario.hides:
        case "points":
            count = round(scenario.fraction * samples)  # type: ignore[operator]
            for lead in range(leads):
                mask[lead, rng.permutation(samples)[:count]] = True
        case "gap":
            start = int(rng.integers(second, samples - second - length + 1))
            mask[:, start : start + length] = True
        case "patches":
            patches = samples // length
            for patch in rng.permutation(patches)[: round(scenario.fraction * patches)]:  # type: ignore[operator]
                mask[:, patch * length : (patch + 1) * length] = True
        case "block":
            for lead in range(leads):
                start = int(rng.integers(0, samples - length + 1))
                mask[lead, start : start + length] = True
        case "lead":
            mask[scenario.lead, round(LEAD_VISIBLE_S * rate) :] = True
        case "future":
            mask[:, samples - length :] = True
    return mask


def spoil(
    window: np.ndarray,
    filtered: np.ndarray,
    noise: np.ndarray,
    filtered_noise: np.ndarray,
    snr: float,
):
    """Add noise to a window at `snr` dB per lead: power of the baseline-filtered window over the
    filtered noise's.

    All arrays are (leads, samples); a flat lead gets noise as if its deviation were 0.05 mV, the
    floor of the scale."""
    power = np.maximum(filtered.var(axis=-1), 0.05**2)
    gain = np.sqrt(power / (filtered_noise.var(axis=-1) * 10 ** (snr / 10)))
    return window + gain[:, None] * noise


def wanted(case: Path, scenario: Scenario) -> np.ndarray:
    """True where a completion case wants an estimate: bool (windows, leads, samples)."""
    signal = np.load(case / "windows.npy", mmap_mode="r", allow_pickle=False)
    return np.ones(signal.shape, bool) if scenario.hides == "noise" else np.isnan(signal)
