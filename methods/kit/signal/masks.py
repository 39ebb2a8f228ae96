"""How training windows are hidden or spoilt: as a scenario says, with generators of one's own."""

from typing import Any

import numpy as np

FALLEN_S = 4.0  # a lead that falls off is seen for this long


def draw(
    scenario: dict[str, Any], rng: np.random.Generator, shape: tuple[int, ...], rate: float
) -> np.ndarray:
    """What `scenario` hides in one window: bool of `shape` (leads, samples); noise hides
    nothing."""
    hidden = np.zeros(shape, bool)
    samples = shape[1]
    length = round((scenario["seconds"] or 0) * rate)
    match scenario["hides"]:
        case "points":
            count = round(scenario["fraction"] * samples)
            for row in hidden:
                row[rng.permutation(samples)[:count]] = True
        case "gap":
            edge = round(rate)
            start = rng.integers(edge, samples - edge - length + 1)
            hidden[:, start : start + length] = True
        case "patches":
            patches = samples // length
            for patch in rng.permutation(patches)[: round(scenario["fraction"] * patches)]:
                hidden[:, patch * length : (patch + 1) * length] = True
        case "block":
            for row in hidden:
                start = rng.integers(samples - length + 1)
                row[start : start + length] = True
        case "lead":
            hidden[scenario["lead"], round(FALLEN_S * rate) :] = True
        case "future":
            hidden[:, samples - length :] = True
        case "noise":
            pass
        case other:
            raise ValueError(
                f"scenario {scenario['name']!r} hides {other!r}, which this kit does not know"
            )
    return hidden


def draw_noise(noise: np.ndarray, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """(leads, samples) of noise: the kinds (kinds, channels, samples) mixed by Dirichlet weights,
    own offsets."""
    leads, samples = shape
    kinds, channels, length = noise.shape
    mixture = np.zeros(shape, np.float32)
    for kind, weight in enumerate(rng.dirichlet(np.ones(kinds))):
        start = rng.integers(length - samples + 1)
        mixture += weight * noise[kind, np.arange(leads) % channels, start : start + samples]
    return mixture
