"""Bootstrap your own latent (Grill et al. 2020): predict how a target network, a slow average,
sees another view of the same window."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from methods.kit.contract.call import Call
from methods.kit.network.augment import view
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import Encoder
from methods.kit.network.method import run
from methods.kit.network.pretraining import networks, pretrain, transformer
from methods.kit.network.training import ema_update

MOMENTUM = 0.996  # of the target network at the first step; 1 at the last


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, outputs)
    )


def distance(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The squared distance of normalised features (windows, features), eq. 2: 2 - 2 cos, averaged
    over windows."""
    return (2 - 2 * functional.cosine_similarity(predicted, target, dim=1)).mean()


class Bootstrap(nn.Module):
    """An online network that predicts what its slowly moving target says of another view."""

    def __init__(self, encoder: Encoder, features: int = 128) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = perceptron(encoder.width, features)
        self.predictor = perceptron(features, features)
        self.target = nn.ModuleList(
            copy.deepcopy(part).requires_grad_(False) for part in (encoder, self.projector)
        )

    def target_features(self, view: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.target.eval()  # its batch norms use what they were given, not this batch
            return self.target[1](self.target[0](view, lead_ids).mean(1)).float()

    def forward(
        self, lead_ids: torch.Tensor, one: torch.Tensor, other: torch.Tensor
    ) -> torch.Tensor:
        """The loss of two views (windows, channels, samples): each predicts the target network's
        features of the other."""
        predicted = [
            self.predictor(self.projector(self.encoder(view, lead_ids).mean(1))).float()
            for view in (one, other)
        ]
        return distance(predicted[0], self.target_features(other, lead_ids)) + distance(
            predicted[1], self.target_features(one, lead_ids)
        )


def update_target(model: Bootstrap, step: int, steps: int) -> None:
    """Move the target network towards the encoder and projector: the cosine schedule of the paper's
    section 3.2."""
    momentum = 1 - (1 - MOMENTUM) * (np.cos(np.pi * step / steps) + 1) / 2
    for target, online in zip(model.target, (model.encoder, model.projector), strict=True):
        ema_update(target.state_dict(), online, momentum)


def pretraining(call: Call) -> None:
    def ask(windows: torch.Tensor, lead_ids: torch.Tensor, rng: np.random.Generator) -> tuple:
        return lead_ids, view(windows, rng), view(windows, rng)

    pretrain(
        call,
        lambda leads: Bootstrap(transformer(call, channels_of(leads))),
        ask,
        after=update_target,
    )


encode, complete = networks()

if __name__ == "__main__":
    run(encode, complete, pretraining)
