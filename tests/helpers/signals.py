"""Hand-made windows and records for tests of the kit."""

import numpy as np

RATE = 250.0
SAMPLES = 2500


def trace(rng: np.random.Generator, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Two leads (2, samples) of bumps in mV, and the samples where they stand."""
    times = np.cumsum(rng.normal(0.8, 0.05, round(seconds / 0.6)))
    times = times[times < seconds - 0.5]
    at = np.arange(round(seconds * RATE)) / RATE
    bumps = sum(
        np.exp(-(((at - t) / 0.02) ** 2)) + 0.2 * np.exp(-(((at - t - 0.25) / 0.05) ** 2))
        for t in times
    )
    leads = np.stack([bumps, -0.5 * np.roll(bumps, 3)]) + rng.normal(0, 0.01, (2, len(at)))
    return leads.astype(np.float32), np.round(times * RATE).astype(np.int64)


def windows(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 2, SAMPLES) in mV."""
    return np.stack([trace(rng, SAMPLES / RATE)[0] for _ in range(count)])
