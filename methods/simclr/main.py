"""SimCLR (Chen et al. 2020): two views of a window are to be more alike than views of any other
windows."""

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

TEMPERATURE = 0.1


def nt_xent(
    one: torch.Tensor, other: torch.Tensor, temperature: float = TEMPERATURE
) -> torch.Tensor:
    """The normalised temperature-scaled cross entropy of two views (windows, features) each: eq. 1,
    averaged over all views. Raises ValueError for fewer than two windows: nothing would be
    unlike."""
    if len(one) < 2:
        raise ValueError(
            f"expected at least two windows, found {len(one)}: there is nothing to contrast"
        )
    views = functional.normalize(torch.cat([one, other]), dim=1)
    alike = views @ views.T / temperature
    alike.fill_diagonal_(torch.finfo(alike.dtype).min)
    partner = torch.arange(len(views), device=views.device).roll(len(one))
    return functional.cross_entropy(alike, partner)


def gathered(features: torch.Tensor) -> torch.Tensor:
    """The features (windows, features) of all processes, in the order of their ranks.

    Going back, gradients of all processes are summed; as each computes the whole loss and the
    training averages over processes, what arrives is the gradient of one process that has all
    windows (but for the batch norm, which sees the process's own)."""
    if not torch.distributed.is_initialized():
        return features
    from torch.distributed.nn.functional import all_gather

    return torch.cat(all_gather(features.contiguous()))


class Contrastive(nn.Module):
    """An encoder with a projector, trained so that two views of one window are alike."""

    def __init__(self, encoder: Encoder, features: int = 128) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.width
        self.projector = nn.Sequential(
            nn.Linear(width, width, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, features),
        )

    def forward(
        self, lead_ids: torch.Tensor, one: torch.Tensor, other: torch.Tensor
    ) -> torch.Tensor:
        """The loss of two views of the same windows, channels (windows, channels, samples) each."""
        both = self.projector(
            self.encoder(torch.cat([one, other]), lead_ids.repeat(2, 1)).mean(1)
        ).float()
        first, second = (gathered(view) if self.training else view for view in both.chunk(2))
        return nt_xent(first, second)


def pretraining(call: Call) -> None:
    def ask(windows: torch.Tensor, lead_ids: torch.Tensor, rng: np.random.Generator) -> tuple:
        return lead_ids, view(windows, rng), view(windows, rng)

    pretrain(call, lambda leads: Contrastive(transformer(call, channels_of(leads))), ask)


encode, complete = networks()

if __name__ == "__main__":
    run(encode, complete, pretraining)
