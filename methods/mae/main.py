"""Masked autoencoder (He et al. 2022): hide most of a window, encode what is left, restore the
rest."""

import numpy as np
import torch
from torch import nn

from methods.kit.contract.call import Call
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import TOKEN, Block, Transformer
from methods.kit.network.method import run
from methods.kit.network.pretraining import channels, networks, pretrain, transformer


class Autoencoder(nn.Module):
    """The encoder over what is visible, a light decoder over all positions, and the error of what
    was hidden."""

    def __init__(
        self, encoder: Transformer, leads: int, width: int = 64, depth: int = 2, heads: int = 4
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder_embed = nn.Linear(encoder.width, width)
        self.mask_token = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.decoder_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, leads * TOKEN))
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(
        self, signal: torch.Tensor, hidden: torch.Tensor, kept: torch.Tensor
    ) -> torch.Tensor:
        """The mean squared error over the hidden patches of scaled windows (windows, leads,
        samples).

        `hidden` (windows, leads, tokens) is True for patches to restore; `kept` (windows, tokens)
        are the positions of the tokens that are encoded."""
        seen = ~hidden.repeat_interleave(TOKEN, -1)
        tokens = self.encoder.stem(channels(signal, seen))
        rows = torch.arange(len(kept), device=kept.device)[:, None]
        encoded = self.decoder_embed(self.encoder.attend(tokens[rows, kept], kept))
        every = self.mask_token.expand(len(tokens), tokens.shape[1], -1).index_put(
            (rows, kept), encoded
        )
        for block in self.blocks:
            every = block(every, torch.arange(every.shape[1], device=every.device))
        patches = self.decoder_head(every).unflatten(-1, (hidden.shape[1], -1)).transpose(1, 2)
        wanted = signal.unflatten(-1, (-1, TOKEN))
        error = ((patches - wanted) ** 2).mean(-1)
        return (error * hidden).sum() / hidden.sum()


def hide(windows: int, leads: int, tokens: int, params: dict, rng: np.random.Generator) -> tuple:
    """What is hidden (windows, leads, tokens) and which tokens are encoded (windows, tokens): exact
    counts.

    `patch` hides a share of the tokens, in all leads, and drops them; `lead` hides a share of the
    leads, at least one and never all, and keeps every token: each holds the other leads."""
    hidden = np.zeros((windows, leads, tokens), bool)
    if params["hides"] == "patch":
        order = np.stack([rng.permutation(tokens) for _ in range(windows)])
        count = round(params["mask_ratio"] * tokens)
        np.put_along_axis(hidden, order[:, None, :count].repeat(leads, 1), True, -1)
        kept = np.sort(order[:, count:], 1)
    else:
        count = min(max(1, round(params["mask_ratio"] * leads)), leads - 1)
        order = np.stack([rng.permutation(leads) for _ in range(windows)])
        np.put_along_axis(hidden, order[:, :count, None].repeat(tokens, 2), True, 1)
        kept = np.tile(np.arange(tokens), (windows, 1))
    return torch.from_numpy(hidden), torch.from_numpy(kept)


def pretraining(call: Call) -> None:
    def ask(windows: torch.Tensor, lead_ids: torch.Tensor, rng: np.random.Generator) -> tuple:
        count, leads, samples = windows.shape
        tokens = samples // TOKEN
        return windows[..., : tokens * TOKEN], *hide(count, leads, tokens, call.params, rng)

    pretrain(call, lambda leads: Autoencoder(transformer(call, channels_of(leads)), leads), ask)


encode, complete = networks()

if __name__ == "__main__":
    run(encode, complete, pretraining)
