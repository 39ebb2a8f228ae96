"""Two views of a window."""

import numpy as np
import torch

from methods.kit.network import pretraining
from methods.kit.network.completion import channels_of
from tests.helpers.pretraining_cases import LEADS
from tests.helpers.signals import RATE, windows


def test_views_keep_length_and_differ():
    """Views of one generator are the same (X-13), of another they are others."""
    from methods.kit.network.augment import view

    given = pretraining.scaled(windows(np.random.default_rng(0), 4), RATE)
    one, other = view(given, np.random.default_rng(1)), view(given, np.random.default_rng(2))
    assert one.shape == other.shape == (4, channels_of(LEADS), 1250)
    assert torch.isfinite(one).all()
    assert not torch.equal(one, other)
    assert torch.equal(one, view(given, np.random.default_rng(1)))
