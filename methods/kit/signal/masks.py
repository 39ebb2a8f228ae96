"""How training windows are hidden or spoilt: as a scenario says, with generators of one's own.

`hidden` is a twin of `benchmarks.scenarios.hidden` on purpose: a method's image holds the kit
alone. A test holds that both draw the same."""

from typing import Any

import numpy as np

LEAD_VISIBLE_S = 4.0  # a lead that falls off is seen for this long


def hidden(
    scenario: dict[str, Any], rng: np.random.Generator, shape: tuple[int, ...], rate: float
) -> np.ndarray:
    """What `scenario` hides in one window: bool of `shape` (leads, samples); noise hides
    nothing."""
    mask = np.zeros(shape, bool)
    samples = shape[1]
    length = round((scenario["seconds"] or 0) * rate)
    match scenario["hides"]:
        case "points":
            count = round(scenario["fraction"] * samples)
            for row in mask:
                row[rng.permutation(samples)[:count]] = True
        case "gap":
            edge = round(rate)
            start = rng.integers(edge, samples - edge - length + 1)
            mask[:, start : start + length] = True
        case "patches":
            patches = samples // length
            for patch in rng.permutation(patches)[: round(scenario["fraction"] * patches)]:
                mask[:, patch * length : (patch + 1) * length] = True
        case "block":
            for row in mask:
                start = rng.integers(samples - length + 1)
                row[start : start + length] = True
        case "lead":
            mask[scenario["lead"], round(LEAD_VISIBLE_S * rate) :] = True
        case "future":
            mask[:, samples - length :] = True
        case "noise":
            pass
        case other:
            raise ValueError(
                f"scenario {scenario['name']!r} hides {other!r}, which this kit does not know"
            )
    return mask


def noise_mixture(
    noise: np.ndarray, rng: np.random.Generator, shape: tuple[int, ...]
) -> np.ndarray:
    """(leads, samples) of noise: the kinds (kinds, channels, samples) mixed by Dirichlet weights,
    own offsets."""
    leads, samples = shape
    kinds, channels, length = noise.shape
    mixture = np.zeros(shape, np.float32)
    for kind, weight in enumerate(rng.dirichlet(np.ones(kinds))):
        start = rng.integers(length - samples + 1)
        mixture += weight * noise[kind, np.arange(leads) % channels, start : start + samples]
    return mixture
