"""Bootstrap your own latent (Grill et al. 2020): predict what a slow copy makes of another view of
the same window."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from methods.kit.exchange import Call
from methods.kit.network.augment import view
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import Encoder
from methods.kit.network.method import run
from methods.kit.network.pretraining import networks, pretrain, transformer
from methods.kit.network.training import follow

KEEP = 0.996  # share that the slow copy keeps at the first step; 1 at the last


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, outputs)
    )


def distance(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The squared distance of normalised features (windows, features), eq. 2: 2 - 2 cos, averaged
    over windows."""
    return (2 - 2 * functional.cosine_similarity(predicted, target, dim=1)).mean()


class Bootstrap(nn.Module):
    def __init__(self, encoder: Encoder, features: int = 128) -> None:
        super().__init__()
        self.encoder = encoder
        self.project = perceptron(encoder.width, features)
        self.predict = perceptron(features, features)
        self.slow = nn.ModuleList(
            copy.deepcopy(part).requires_grad_(False) for part in (encoder, self.project)
        )

    def target(self, view: torch.Tensor, names: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.slow.eval()  # its batch norms use what they were given, not this batch
            return self.slow[1](self.slow[0](view, names).mean(1)).float()

    def forward(self, names: torch.Tensor, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """The loss of two views (windows, channels, samples): each predicts the slow copy's
        features of the other."""
        predicted = [
            self.predict(self.project(self.encoder(view, names).mean(1))).float()
            for view in (one, other)
        ]
        return distance(predicted[0], self.target(other, names)) + distance(
            predicted[1], self.target(one, names)
        )


def slow_down(model: Bootstrap, step: int, steps: int) -> None:
    """The cosine schedule of the paper's section 3.2."""
    keep = 1 - (1 - KEEP) * (np.cos(np.pi * step / steps) + 1) / 2
    for slow, quick in zip(model.slow, (model.encoder, model.project), strict=True):
        follow(slow.state_dict(), quick, keep)


def pretraining(call: Call) -> None:
    def ask(windows: torch.Tensor, names: torch.Tensor, rng: np.random.Generator) -> tuple:
        return names, view(windows, rng), view(windows, rng)

    pretrain(
        call, lambda leads: Bootstrap(transformer(call, channels_of(leads))), ask, after=slow_down
    )


encode, complete = networks()

if __name__ == "__main__":
    run(encode, complete, pretraining)
