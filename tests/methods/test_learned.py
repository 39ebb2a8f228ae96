"""Every learned method: its encoder, its networks, and one step of each (X-5, X-6)."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from benchmarks.settings import ROOT
from methods.kit.contract.call import Call
from methods.kit.network.completion import channels_of, loss_of
from methods.kit.network.heartbeats import Heartbeat
from methods.kit.network.record_inputs import FEATURES
from methods.kit.network.training import adamw
from tests.conftest import SAMPLE
from tests.helpers.load_method import load
from tests.helpers.signals import RATE

LEARNED = sorted(
    path.parent.name
    for path in (ROOT / "methods").glob("*/main.py")
    if "methods.kit.network.method" in path.read_text()
)
PARAMS = {
    name: json.loads((ROOT / "methods" / name / "params.json").read_text()) for name in LEARNED
}
ROWS = [(name, row) for name in LEARNED for row in PARAMS[name]][::SAMPLE]
LEADS, CHANNELS = 2, channels_of(2)
LEAD_IDS = torch.tensor([[1, 6], [1, 12]])


def call(name: str, row: str) -> Call:
    return Call("predict", None, PARAMS[name][row], 3, {"steps": 2, "windows": 64}, Path())


@pytest.mark.parametrize(("name", "row"), ROWS)
@pytest.mark.parametrize("task", ["completion", "classification"])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_step_moves_every_trainable_tensor_and_no_other(name, row, task, frozen):
    """One step moves every trainable tensor (X-5), and a frozen encoder stays as it was."""
    torch.manual_seed(0)
    about, rng = call(name, row), torch.Generator().manual_seed(0)
    x = torch.randn(2, CHANNELS, 1000, generator=rng)
    if task == "completion":
        model: nn.Module = load(name).complete(about, LEADS, CHANNELS)
        target, wanted = (
            torch.randn(2, LEADS, 1000, generator=rng),
            torch.rand(2, LEADS, 1000, generator=rng) > 0.5,
        )
        assert torch.equal(model(x, LEAD_IDS), torch.zeros(2, LEADS, 1000)), (
            "starts from the classical estimate"
        )

        def loss() -> torch.Tensor:
            return loss_of(model(x, LEAD_IDS), target, wanted, RATE)

    else:
        model = Heartbeat(load(name).encode(about, LEADS, CHANNELS), RATE)
        which, marks = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([10, 500, 200, 600, 990])
        features = torch.randn(5, FEATURES, generator=rng)

        def loss() -> torch.Tensor:
            return functional.cross_entropy(
                model(x, LEAD_IDS, which, marks, features), torch.arange(5)
            )

    model.encoder.requires_grad_(not frozen)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert frozen == (not any(name.startswith("encoder.") for name in trainable))
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in trainable.values()]
    # The last layer of the completion starts at zero, so what lies before it learns from the second
    # step on.
    for step in (1, 2):
        model.zero_grad()
        value = loss()
        assert torch.isfinite(value)
        value.backward()
        adamw(list(trainable.values()), moments, step, 0.01)
    for name, parameter in trainable.items():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
        assert not torch.equal(before[name], parameter), name
    for name, tensor in model.state_dict().items():
        assert name in trainable or torch.equal(before[name], tensor), name


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_an_encoder_gives_a_token_each_stride(name, row):
    """Every encoder gives features of any input, of any length, without asking for a mask (T1-14),
    finite ones for a flat lead (X-11)."""
    encoder = load(name).encode(call(name, row), LEADS, CHANNELS).eval()
    for samples in (2500, 1000, 777):
        tokens = encoder(torch.randn(2, CHANNELS, samples), LEAD_IDS)
        assert tokens.shape == (2, -(-samples // encoder.stride), encoder.width)
        assert torch.isfinite(encoder(torch.zeros(2, CHANNELS, samples), LEAD_IDS)).all()


@pytest.mark.parametrize("name", LEARNED)
def test_nothing_is_printed_by_a_forward_pass(name, capsys):
    """A forward pass prints nothing (X-14)."""
    model = load(name).complete(call(name, next(iter(PARAMS[name]))), LEADS, CHANNELS)
    model(torch.zeros(2, CHANNELS, 1000), LEAD_IDS)
    assert capsys.readouterr() == ("", "")


def test_there_are_learned_methods():
    assert {"transformer", "mae", "jepa", "simclr", "byol", "st-mem", "ttm"} <= set(LEARNED)
