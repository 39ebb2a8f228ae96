"""The masked autoencoder: what it hides, restores and counts."""

import numpy as np
import pytest
import torch

from methods.kit.network.layers import TOKEN
from tests.helpers.load_method import load
from tests.helpers.pretraining_cases import LEADS, TOKENS, encoder, signal


def test_mae_hides_exact_counts():
    """Every window has exactly as many hidden patches as was asked (T1-28)."""
    hide, rng = load("mae").hide, np.random.default_rng(0)
    hidden, kept = hide(8, LEADS, 20, {"hides": "patch", "mask_ratio": 0.75}, rng)
    assert (hidden.sum(-1) == 15).all()
    assert (hidden[:, 0] == hidden[:, 1]).all()
    assert kept.shape == (8, 5)
    assert not hidden[torch.arange(8)[:, None], 0, kept].any()
    for leads, count in ((2, 1), (3, 2), (12, 9)):
        hidden, kept = hide(8, leads, 20, {"hides": "lead", "mask_ratio": 0.75}, rng)
        assert (hidden.all(-1).sum(1) == count).all()
        assert (hidden.any(-1).sum(1) == count).all()
        assert kept.shape == (8, 20)


@pytest.mark.parametrize("hides", ["patch", "lead"])
def test_mae_restores_hidden_patches_and_counts_no_other(hides):
    """Visible targets don't count (T1-28), and hidden samples don't reach the encoder (X-2)."""
    mae = load("mae")
    model = mae.Autoencoder(encoder(), LEADS)
    hidden, kept = mae.hide(
        4, LEADS, TOKENS, {"hides": hides, "mask_ratio": 0.5}, np.random.default_rng(0)
    )
    one = signal().requires_grad_()
    model(one, hidden, kept).backward()
    assert one.grad is not None
    wide = hidden.repeat_interleave(TOKEN, -1)
    error = 2 * (one - _restored(mae, model, one, hidden, kept)).detach() / wide.sum()
    torch.testing.assert_close(one.grad[wide], error[wide], rtol=1e-3, atol=1e-6)


def _restored(
    mae, model, one: torch.Tensor, hidden: torch.Tensor, kept: torch.Tensor
) -> torch.Tensor:
    """What the autoencoder says, read off its loss: the target that makes the loss's gradient
    vanish."""
    captured: list[torch.Tensor] = []
    handle = model.decoder_head.register_forward_hook(
        lambda module, given, said: captured.append(said)
    )
    model(one, hidden, kept)
    handle.remove()
    return captured[0].unflatten(-1, (LEADS, -1)).transpose(1, 2).flatten(2)
