"""The joint-embedding predictive architecture: context, target blocks, target encoder."""

import numpy as np
import torch

from methods.kit.network.layers import TOKEN
from tests.helpers.load_method import load
from tests.helpers.pretraining_cases import TOKENS, encoder, signal


def test_jepa_context_sees_itself_and_no_target():
    """No gradient of the context's features reaches a target's samples, one reaches the token of
    every context sample, and no other window matters (T3-1)."""
    jepa = load("jepa")
    kept, targets = jepa.blocks(4, TOKENS, np.random.default_rng(0))
    one = signal().requires_grad_()
    jepa.Predictive(encoder()).context(one, kept)[0].square().sum().backward()
    assert one.grad is not None
    reached = one.grad.abs().unflatten(-1, (-1, TOKEN)).sum((1, 3)) > 0
    assert reached[0].nonzero().flatten().tolist() == kept[0].tolist()
    assert not reached[1:].any()
    assert not set(kept[0].tolist()) & set(targets[0].flatten().tolist())


def test_jepa_blocks_are_drawn_evenly():
    """Every token can be a target (T3-2), and contexts take every quarter of the window equally
    often (T3-3)."""
    jepa, rng = load("jepa"), np.random.default_rng(0)
    target, context = np.zeros(40), np.zeros(40)
    for _ in range(300):
        kept, targets = jepa.blocks(16, 40, rng)
        np.add.at(target, targets.flatten().numpy(), 1)
        np.add.at(context, kept.flatten().numpy(), 1)
    assert target.min() > 0
    halves = context[:20].sum() / context[20:].sum()
    assert abs(halves - 1) < 0.1
    quarters = context.reshape(4, 10).sum(1)
    np.testing.assert_allclose(quarters[[0, 1]], quarters[[3, 2]], rtol=0.1)


def test_jepa_copy_follows_and_meets_the_encoder():
    """The target encoder equals the encoder after a step of momentum 0, and is never trained itself
    (T3-5)."""
    jepa = load("jepa")
    model = jepa.Predictive(encoder())
    kept, targets = jepa.blocks(4, TOKENS, np.random.default_rng(0))
    model(signal(), kept, targets).backward()
    assert all(p.grad is None for p in model.target_encoder.parameters())
    with torch.no_grad():
        for p in model.encoder.parameters():
            p += 1
    before = model.target_encoder.norm.weight.clone()
    jepa.update_target(model, 10, 10)
    assert torch.equal(model.target_encoder.norm.weight, before), "kept whole at the last step"
    jepa.ema_update(model.target_encoder.state_dict(), model.encoder, 0.0)
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.target_encoder.parameters(), model.encoder.parameters(), strict=True)
    )
