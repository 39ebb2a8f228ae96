"""Joint-embedding predictive architecture (Assran et al. 2023) in one dimension: from what is
visible, predict how a target encoder, a slow average of the encoder, encodes what is hidden."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from methods.kit.contract.call import Call
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import TOKEN, Block, Transformer
from methods.kit.network.method import run
from methods.kit.network.pretraining import channels, networks, pretrain, transformer
from methods.kit.network.training import ema_update

TARGETS = 4  # blocks to predict
TARGET_SCALE = (0.15, 0.2)  # of the tokens, each block
CONTEXT_SCALE = (0.85, 1.0)  # of the tokens, before the blocks are taken out
FEWEST = 5  # tokens of a context
MOMENTUM = (0.996, 1.0)  # of the target encoder, at the first and the last step


class Predictive(nn.Module):
    """The encoder over the context, the target encoder over the whole window, and a narrow
    predictor between them."""

    def __init__(
        self, encoder: Transformer, width: int = 64, depth: int = 2, heads: int = 4
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.target_encoder = copy.deepcopy(encoder).requires_grad_(False)
        self.decoder_embed = nn.Linear(encoder.width, width)
        self.mask_token = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.decoder_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, encoder.width))
        nn.init.normal_(self.mask_token, std=0.02)

    def context(self, signal: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        """The encoder's tokens (windows, kept, width) of a window of which nothing but the `kept`
        tokens is visible."""
        seen = torch.zeros(
            len(signal), signal.shape[-1] // TOKEN, dtype=torch.bool, device=signal.device
        )
        seen = seen.scatter(1, kept, True).repeat_interleave(TOKEN, 1)[:, None].expand_as(signal)
        tokens = self.encoder.stem(channels(signal, seen))
        return self.encoder.attend(
            tokens.gather(1, kept[..., None].expand(-1, -1, tokens.shape[-1])), kept
        )

    def forward(
        self, signal: torch.Tensor, kept: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        """The mean absolute difference between predicted and target features, layer-normalised,
        over target tokens.

        Scaled windows (windows, leads, samples); positions of the context's tokens (windows, kept)
        and of the blocks' (windows, blocks, length)."""
        with torch.no_grad():
            self.target_encoder.eval()
            tokens = self.target_encoder.stem(
                channels(signal, torch.ones_like(signal, dtype=torch.bool))
            )
            features = self.target_encoder.attend(
                tokens, torch.arange(tokens.shape[1], device=tokens.device)
            )
            features = functional.layer_norm(features, features.shape[-1:])
            wanted = features[
                torch.arange(len(features), device=kept.device)[:, None, None], targets
            ]
        context = self.decoder_embed(self.context(signal, kept))
        blocks, length = targets.shape[1:]
        positions = torch.cat([kept[:, None].expand(-1, blocks, -1), targets], 2).flatten(0, 1)
        tokens = context[:, None].expand(-1, blocks, -1, -1).flatten(0, 1)
        tokens = torch.cat([tokens, self.mask_token.expand(len(tokens), length, -1)], 1)
        for block in self.blocks:
            tokens = block(tokens, positions)
        return (
            (self.decoder_head(tokens[:, -length:]).unflatten(0, (-1, blocks)) - wanted)
            .abs()
            .mean()
        )


def blocks(
    windows: int, tokens: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions of context tokens (windows, kept), in order, and of target blocks (windows,
    TARGETS, length).

    Sizes are drawn once a batch, positions for each window; every start up to the last is as
    likely. A context is cut to the batch's smallest at random, not at its end."""
    length = max(1, round(rng.uniform(*TARGET_SCALE) * tokens))
    span = max(FEWEST, round(rng.uniform(*CONTEXT_SCALE) * tokens))
    while True:
        starts = rng.integers(0, tokens - length + 1, (windows, TARGETS))
        targets = starts[..., None] + np.arange(length)
        visible = np.zeros((windows, tokens), bool)
        for row, first in zip(visible, rng.integers(0, tokens - span + 1, windows), strict=True):
            row[first : first + span] = True
        np.put_along_axis(visible, targets.reshape(windows, -1), False, 1)
        fewest = visible.sum(1).min()
        if fewest >= FEWEST:
            break
    kept = [np.sort(rng.permutation(np.flatnonzero(row))[:fewest]) for row in visible]
    return torch.from_numpy(np.stack(kept)), torch.from_numpy(targets)


def update_target(model: Predictive, step: int, steps: int) -> None:
    """Move the target encoder towards the encoder, the less the later."""
    first, last = MOMENTUM
    momentum = first + (last - first) * step / steps
    ema_update(model.target_encoder.state_dict(), model.encoder, momentum)


def pretraining(call: Call) -> None:
    def ask(windows: torch.Tensor, lead_ids: torch.Tensor, rng: np.random.Generator) -> tuple:
        tokens = windows.shape[-1] // TOKEN
        return windows[..., : tokens * TOKEN], *blocks(len(windows), tokens, rng)

    pretrain(
        call,
        lambda leads: Predictive(transformer(call, channels_of(leads))),
        ask,
        after=update_target,
    )


encode, complete = networks()

if __name__ == "__main__":
    run(encode, complete, pretraining)
