"""Every pretrained method: its weights reach the tasks, its features do not collapse."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from methods.kit.contract.call import Call
from methods.kit.network import pretraining
from methods.kit.network.checkpoints import load as load_checkpoint
from methods.kit.network.completion import channels_of
from tests.helpers.load_method import load
from tests.helpers.pretraining_cases import LEADS, call
from tests.helpers.signals import RATE, windows

PRETRAINED = ("mae", "jepa", "simclr", "byol", "st-mem", "ttm")


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_pretraining_moves_its_encoder_and_a_fit_begins_with_it(root, name):
    """Every trainable tensor has a gradient, for the loop raises otherwise (X-5); a missing tensor
    ends the fit (X-6)."""
    method = load(name)
    method.pretraining(call(root, name))
    history = json.loads((root / "model/history.json").read_text())
    assert all(np.isfinite(line["validation"]) for line in history)
    (root / "model").rename(root / "pretrained")
    about = call(root, name, "fit")
    torch.manual_seed(5)
    begun = method.encode(about, LEADS, channels_of(LEADS))
    torch.manual_seed(5)
    random = method.encode(call(root, name, "predict"), LEADS, channels_of(LEADS))
    task_layers = {id(p) for part in begun.task_layers for p in part.parameters()}
    for one, other in zip(begun.parameters(), random.parameters(), strict=True):
        assert id(one) in task_layers or not torch.equal(one, other)
    assert all(p.requires_grad for p in begun.parameters())
    frozen = Call(
        "fit", "interpolation", about.params | {"protocol": "linear"}, 3, about.budget, root
    )
    still = method.encode(frozen, LEADS, channels_of(LEADS))
    task_layers = {id(p) for part in still.task_layers for p in part.parameters()}
    assert all(p.requires_grad == (id(p) in task_layers) for p in still.parameters())
    deeper = Call("fit", "interpolation", about.params | {"depth": 2}, 3, about.budget, root)
    with pytest.raises(RuntimeError, match=r"blocks\.\d"):
        method.encode(deeper, LEADS, channels_of(LEADS))


@pytest.mark.parametrize(("name", "network"), [("simclr", "Contrastive"), ("byol", "Bootstrap")])
def test_features_do_not_collapse(root, name, network):
    """After a few steps the features of different windows still differ: their deviation over a
    batch stays above 0.1 / sqrt(features) (T3-13)."""
    from methods.kit.network.augment import view

    method = load(name)
    method.pretraining(call(root, name, steps=6))
    model = getattr(method, network)(pretraining.transformer(call(root, name), channels_of(LEADS)))
    load_checkpoint(root / "model/model.safetensors", model)
    held = view(
        pretraining.scaled(windows(np.random.default_rng(5), 16), RATE), np.random.default_rng(6)
    )
    with torch.inference_mode():
        features = model.projector(
            model.encoder(held, torch.ones(16, LEADS, dtype=torch.long)).mean(1)
        )
    assert functional.normalize(features, dim=1).std(0).mean() > 0.1 / features.shape[1] ** 0.5
