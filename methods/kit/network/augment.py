"""Two views of one window for contrastive methods: crops, and changes after which a cardiologist
reads the same."""

import numpy as np
import torch

from methods.kit.network.pretraining import channels

CROP = 0.5  # of the window's samples


def view(windows: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Scaled windows (windows, leads, samples) to the channels of one view of each: a crop, its
    amplitude, wander, muscle noise, a lead upside down, a stretch that is not visible."""
    count, leads, samples = windows.shape
    length = round(CROP * samples)
    starts = rng.integers(0, samples - length + 1, count)
    cut = torch.stack(
        [window[:, start : start + length] for window, start in zip(windows, starts, strict=True)]
    )
    at = torch.linspace(0, 1, length)
    gain = rng.lognormal(0, 0.2, (count, leads, 1)) * rng.choice(
        [-1, 1], (count, leads, 1), p=[0.2, 0.8]
    )
    waves, phase = rng.uniform(0.5, 4, (count, 1, 1)), rng.uniform(0, 2 * np.pi, (count, leads, 1))
    wander = torch.sin(2 * np.pi * _tensor(waves) * at + _tensor(phase)) * _tensor(
        rng.uniform(0, 0.5, (count, leads, 1))
    )
    noise = _tensor(rng.normal(size=(count, leads, length))) * _tensor(
        rng.uniform(0, 0.1, (count, leads, 1))
    )
    visible = torch.ones(cut.shape, dtype=torch.bool)
    for row, first, share in zip(
        visible, rng.uniform(0, 1, count), rng.uniform(0, 0.3, count), strict=True
    ):
        begin = int(first * length)
        row[:, begin : begin + int(share * length)] = False
    return channels(cut * _tensor(gain) + wander + noise, visible)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))
