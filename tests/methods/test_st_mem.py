"""ST-MEM and its two siblings: visible patches, and leads by name."""

import numpy as np
import pytest
import torch

from methods.kit.network.completion import channels_of
from tests.helpers.load_method import load
from tests.helpers.pretraining_cases import LEADS


@pytest.mark.parametrize("kind", ["st_mem", "mtae", "mlae"])
def test_st_mem_sees_visible_patches_alone_and_restores_the_others(kind):
    """Hidden patches reach nothing (X-2) and are what counts (T1-28); patch and normalised targets
    are the published ones (T1-29)."""
    method, rng = load("st-mem"), np.random.default_rng(0)
    torch.manual_seed(0)
    samples = 10 * method.PATCH
    model = method.Autoencoder(method.Patches(kind, LEADS, samples, 32, 2, 4))
    groups, tokens = {"st_mem": (LEADS, 10), "mtae": (1, 10), "mlae": (1, LEADS)}[kind]
    kept = method.visible(4, groups, tokens, rng)
    assert kept.shape == (4, groups, max(1, tokens // 4))
    given = torch.randn(4, LEADS, samples, generator=torch.Generator().manual_seed(1))
    lead_ids = torch.tensor([[1, 6]] * 4)
    said: list[torch.Tensor] = []
    model.decoder_head.register_forward_hook(lambda module, before, after: said.append(after))
    hidden = torch.ones(4, groups, tokens, dtype=torch.bool).scatter(2, kept, False)
    if kind == "mlae":
        cut = hidden.transpose(1, 2).expand(-1, -1, samples)
    else:
        cut = hidden.expand(-1, LEADS, -1).repeat_interleave(method.PATCH, 2)
    value = model(given, lead_ids, kept)
    other = model(torch.where(cut, given.flip(0) - 3, given), lead_ids, kept)
    assert torch.equal(said[0], said[1]), "hidden samples reach nothing"
    assert not torch.isclose(value, other), "hidden samples are what counts"
    torch.testing.assert_close(
        model.patches(given).mean(-1), torch.zeros(4, groups, tokens), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(
        model.patches(given).std(-1), torch.ones(4, groups, tokens), atol=0.02, rtol=0
    )


def test_st_mem_knows_its_leads_by_name():
    """Leads are known by name: the same signal under another name is another thing, and fewer than
    twelve leads are as good (X-10)."""
    method = load("st-mem")
    torch.manual_seed(0)
    model = method.Patches("st_mem", LEADS, 750, 32, 1, 4).eval()
    x = torch.randn(1, channels_of(LEADS), 750)
    one, other = (model(x, torch.tensor([lead_ids])) for lead_ids in ([1, 6], [1, 7]))
    assert not torch.allclose(one, other)
