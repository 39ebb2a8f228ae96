"""What a pretraining's network sees."""

import torch

from methods.kit.network import pretraining
from methods.kit.network.completion import channels_of
from tests.helpers.pretraining_cases import LEADS


def test_what_is_hidden_is_not_in_the_channels():
    """No hidden sample reaches the channels (X-2)."""
    seen = torch.rand(4, LEADS, 500) > 0.5
    one = torch.randn(4, LEADS, 500)
    other = torch.where(seen, one, one + 9)
    assert torch.equal(pretraining.channels(one, seen), pretraining.channels(other, seen))
    assert pretraining.channels(one, seen).shape == (4, channels_of(LEADS), 500)
