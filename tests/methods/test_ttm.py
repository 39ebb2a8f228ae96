"""The tiny time mixer: hidden seconds, the spectral loss, leads unknown to the pretraining."""

import json

import numpy as np
import pytest
import torch

from methods.kit.network.completion import channels_of
from methods.kit.signal.leads import lead_ids
from tests.helpers.load_method import load
from tests.helpers.pretraining_cases import LEADS, call
from tests.helpers.signals import RATE


def test_ttm_hides_exact_counts_and_contiguous_blocks():
    """The count of hidden patches is exact, and a block is one stretch that may start anywhere
    (T4-12)."""
    hide = load("ttm").hide
    for kind in ("random", "block"):
        hidden = hide(200, kind, np.random.default_rng(0))
        assert (hidden.sum(1) == 4).all()
        assert hidden.any(0).all()
    assert (hidden.int().diff(dim=1).abs().sum(1) <= 2).all()


def test_ttm_restores_leads_apart_and_knows_them_by_name():
    """The output has the input's shape (T4-2), exchanged leads are another input (T4-3), and a
    hidden patch is no zero (T4-11)."""
    ttm = load("ttm")
    torch.manual_seed(0)
    model = ttm.Masked(ttm.Mixer(LEADS, 32, 2))
    given = torch.randn(4, LEADS, 2500, generator=torch.Generator().manual_seed(1))
    lead_ids, hidden = torch.tensor([[1, 6]] * 4), ttm.hide(4, "block", np.random.default_rng(0))
    said = model.restored(given, lead_ids, hidden)
    assert said.shape == given.shape
    assert not torch.allclose(model.restored(given.flip(1), lead_ids, hidden), said.flip(1))
    wide = hidden.repeat_interleave(ttm.PATCH, 1)[:, None].expand_as(given)
    assert torch.equal(model.restored(torch.where(wide, 9.0, given), lead_ids, hidden), said)
    assert not torch.allclose(
        model.restored(torch.where(wide, 0.0, given), lead_ids, hidden & False), said
    )


def test_spectral_loss():
    """The resolutions are used as configured or refused (T4-8); the loss is zero for equal signals,
    grows with a wrong frequency and is finite for silence (T4-9)."""
    spectral = load("ttm").spectral
    at = torch.arange(2500) / RATE
    waves = [torch.sin(2 * np.pi * hertz * at)[None, None] for hertz in (5, 5.5, 8)]
    assert float(spectral(waves[0], waves[0])) == 0
    assert 0 < float(spectral(waves[1], waves[0])) < float(spectral(waves[2], waves[0]))
    assert float(spectral(2 * waves[0], waves[0])) > 0.1
    assert float(spectral(waves[0], torch.zeros(1, 1, 2500))) < 20
    with pytest.raises(ValueError, match="2048 samples needs more than 1024"):
        spectral(waves[0][..., :1024], waves[1][..., :1024])


def test_inflation_keeps_known_leads_and_says_what_it_did():
    """Inflation goes by name (T4-5), and what was known before answers as before (T4-6)."""
    ttm = load("ttm")
    torch.manual_seed(0)
    mixer = ttm.Mixer(LEADS, 32, 1).eval()
    before, x = mixer.lead.weight.detach().clone(), torch.randn(2, channels_of(LEADS), 2500)
    known = torch.tensor([[1, 6]] * 2)
    answer = mixer(x, known)
    said = ttm.inflate(mixer, ["MLII", "V1"], ["V1", "V2", "II"], seed=1)
    assert said == ["V1: kept", "V2: the mean of MLII, V1", "II: kept"]
    assert torch.equal(mixer(x, known), answer)
    changed = (mixer.lead.weight != before).any(1).nonzero().flatten().tolist()
    assert changed == lead_ids([["V2"]])[0].tolist()
    assert (mixer.lead.weight[7] - before[[1, 6]].mean(0)).abs().max() < 0.06


def test_inflation_goes_from_the_leads_of_the_pretraining_to_those_of_the_task(root, capsys):
    ttm = load("ttm")
    ttm.pretraining(call(root, "ttm"))
    (root / "model").rename(root / "pretrained")
    about = json.loads((root / "data/train/windows.json").read_text())
    (root / "data/train/windows.json").write_text(json.dumps(about | {"leads": [["V1", "V2"]] * 6}))
    table = ttm.encode(call(root, "ttm", "fit"), LEADS, channels_of(LEADS)).lead.weight.detach()
    assert "V1: kept\nV2: the mean of MLII, V1\n" in capsys.readouterr().out
    assert (table[7] - table[[1, 6]].mean(0)).abs().max() < 0.06
