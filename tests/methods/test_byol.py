"""BYOL: each view meets the other's target."""

import torch
from torch.nn import functional

from methods.kit.network.completion import channels_of
from tests.helpers.load_method import load
from tests.helpers.pretraining_cases import LEADS, encoder


def test_byol_meets_the_other_view():
    """Each view meets the target's features of the other view: with a target that is constant in
    one view the loss still depends on the other (T3-11). The distance is 2 - 2 cos (T3-12)."""
    byol = load("byol")
    model = byol.Bootstrap(encoder())
    lead_ids = torch.tensor([[1, 6]] * 4)
    first = torch.randn(4, channels_of(LEADS), 250, generator=torch.Generator().manual_seed(2))
    second = torch.randn(4, channels_of(LEADS), 250, generator=torch.Generator().manual_seed(3))
    model.eval()
    predicted = model.predictor(model.projector(model.encoder(first, lead_ids).mean(1)))
    one_way = byol.distance(predicted, model.target_features(second, lead_ids))
    by_hand = 2 - 2 * functional.cosine_similarity(
        predicted, model.target_features(second, lead_ids)
    )
    assert torch.isclose(one_way, by_hand.mean())
    assert not torch.isclose(
        one_way, byol.distance(predicted, model.target_features(first, lead_ids))
    )
    both = model(lead_ids, first, second)
    assert torch.isclose(both, model(lead_ids, second, first))
    assert not any(p.requires_grad for p in model.target.parameters())
    byol.update_target(model, 0, 10)
    assert all(
        torch.equal(a, b)
        for a, b in zip(model.target[0].buffers(), model.encoder.buffers(), strict=True)
    )
