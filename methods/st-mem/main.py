"""ST-MEM (Na et al. 2024): each lead cut into patches of 0.3 s, most of them hidden, and restored
from the others of all leads; beside it time-only (MTAE) and lead-only (MLAE) masking."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from methods.kit.contract.call import Call
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import Block, Encoder
from methods.kit.network.method import run
from methods.kit.network.pretraining import channels, networks, pretrain
from methods.kit.signal.leads import COUNT

PATCH = 75  # samples, 0.3 s at 250 Hz
MASK_RATIO = 0.75  # of the patches (or leads) that are hidden


def positions(count: int, width: int) -> torch.Tensor:
    """Fixed sines and cosines of time (count, width)."""
    angle = torch.arange(count)[:, None] / 10_000.0 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


class Patches(Encoder):
    """Tokens of one lead and 0.3 s each (`st_mem`), of all leads and 0.3 s (`mtae`), or of a whole
    lead (`mlae`).

    Attention sees positions through what is added to the tokens: the time, and a vector of the
    lead's name. Beside the signal a token may see the further channels of the tasks, through a
    layer that starts at zero: the pretraining's encoder is the same as it would be without them."""

    def __init__(
        self, kind: str, leads: int, samples: int, width: int, depth: int, heads: int
    ) -> None:
        super().__init__()
        self.kind, self.leads, self.samples, self.stride, self.inner = (
            kind,
            leads,
            samples,
            PATCH,
            width,
        )
        self.times = -(-samples // PATCH)
        self.size = {"st_mem": PATCH, "mtae": leads * PATCH, "mlae": self.times * PATCH}[kind]
        self.embed = nn.Sequential(
            nn.LayerNorm(self.size), nn.Linear(self.size, width), nn.LayerNorm(width)
        )
        further = {
            "st_mem": 3 * PATCH,
            "mtae": (2 * leads + 1) * PATCH,
            "mlae": 3 * self.times * PATCH,
        }[kind]
        self.further = nn.Linear(further, width)
        nn.init.zeros_(self.further.weight)
        nn.init.zeros_(self.further.bias)
        self.lead = nn.Embedding(COUNT, width)
        self.border = nn.Parameter(torch.zeros(width))
        nn.init.normal_(self.lead.weight, std=0.02)
        nn.init.normal_(self.border, std=0.02)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        # A whole lead's token says something of every moment: 16 numbers each.
        self.spread = nn.Linear(width, 16 * self.times) if kind == "mlae" else nn.Identity()
        self.task_layers = (self.spread,)
        self.width = {"st_mem": leads * width, "mtae": width, "mlae": leads * 16}[kind]

    def tokens(self, x: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        """Channels (windows, 3 leads + 1, samples) to (windows, groups, tokens, width): the groups
        are the leads of `st_mem`, one of all else."""
        x = functional.pad(
            x[..., : self.samples], (0, self.times * PATCH - min(x.shape[-1], self.samples))
        )
        patches = x.unflatten(-1, (self.times, PATCH))  # (windows, channels, times, PATCH)
        signal, level = patches[:, : self.leads], patches[:, -1:]
        beside = patches[:, self.leads : -1].unflatten(1, (2, self.leads))
        of_lead = self.lead(lead_ids)  # (windows, leads, width)
        if self.kind == "mtae":
            further = torch.cat([beside.flatten(1, 2), level], 1).transpose(1, 2).flatten(2)
            made = self.embed(signal.transpose(1, 2).flatten(2)) + self.further(further)
            return (
                made
                + positions(self.times, made.shape[-1]).to(made)
                + of_lead.mean(1, keepdim=True)
            )[:, None]
        further = torch.cat([beside, level[:, None].expand(-1, 1, self.leads, -1, -1)], 1)
        if self.kind == "mlae":
            made = self.embed(signal.flatten(2)) + self.further(further.transpose(1, 2).flatten(2))
            return (made + of_lead)[:, None]
        made = self.embed(signal) + self.further(further.permute(0, 2, 3, 1, 4).flatten(3))
        return made + positions(self.times, made.shape[-1]).to(made) + of_lead[:, :, None]

    def bordered(self, tokens: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        """(windows, groups, tokens, width) with a border token before and after each lead's; of
        `mtae` and `mlae` one token before all, the class token of the paper."""
        windows, groups = tokens.shape[:2]
        border = self.border.expand(windows, groups, 1, -1)
        if self.kind != "st_mem":
            return torch.cat([border, tokens], 2)
        border = border + self.lead(lead_ids)[:, :, None]
        return torch.cat([border, tokens, border], 2)

    def attend(self, tokens: torch.Tensor) -> torch.Tensor:
        """(windows, groups, tokens, width) through blocks in which all tokens of all groups see
        each other."""
        shape, tokens = tokens.shape, tokens.flatten(1, 2)
        # Rotary positions that turn nothing.
        unturned = torch.zeros(tokens.shape[1], device=tokens.device)
        for block in self.blocks:
            tokens = block(tokens, unturned)
        return self.norm(tokens).unflatten(1, shape[1:3])

    def forward(self, x: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        """Channels (windows, 3 leads + 1, samples) and the leads' numbers to (windows, times,
        self.width)."""
        needed = -(-x.shape[-1] // PATCH)
        found = self.attend(self.bordered(self.tokens(x, lead_ids), lead_ids))
        if self.kind == "st_mem":
            found = found[:, :, 1:-1].transpose(1, 2).flatten(2)
        elif self.kind == "mtae":
            found = found[:, 0, 1:]
        else:
            found = (
                self.spread(found[:, 0, 1:])
                .unflatten(-1, (self.times, 16))
                .transpose(1, 2)
                .flatten(2)
            )
        return found[:, :needed]


class Autoencoder(nn.Module):
    """The encoder over visible tokens, and a narrow decoder over all of a group's positions."""

    def __init__(self, encoder: Patches, width: int = 64, depth: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder_embed = nn.Linear(encoder.inner, width)
        self.mask_token = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.decoder_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, encoder.size))
        nn.init.normal_(self.mask_token, std=0.02)
        if encoder.kind != "mtae":  # a patch of which is of all leads
            self.lead = nn.Embedding(COUNT, width)
            nn.init.normal_(self.lead.weight, std=0.02)

    def patches(self, signal: torch.Tensor) -> torch.Tensor:
        """What is to be restored (windows, groups, tokens, values), each patch normalised (He et
        al. 2022)."""
        encoder = self.encoder
        cut = signal.unflatten(-1, (encoder.times, PATCH))
        if encoder.kind == "mtae":
            cut = cut.transpose(1, 2).flatten(2)[:, None]
        elif encoder.kind == "mlae":
            cut = cut.flatten(2)[:, None]
        return (cut - cut.mean(-1, keepdim=True)) / (cut.var(-1, keepdim=True) + 1e-6).sqrt()

    def forward(
        self, signal: torch.Tensor, lead_ids: torch.Tensor, kept: torch.Tensor
    ) -> torch.Tensor:
        """The mean squared error over the hidden patches of scaled windows (windows, leads,
        samples); `kept` (windows, groups, visible) are the positions of the tokens that are
        encoded."""
        tokens = self.encoder.tokens(
            channels(signal, torch.ones_like(signal, dtype=torch.bool)), lead_ids
        )
        index = kept[..., None].expand(-1, -1, -1, tokens.shape[-1])
        encoded = self.encoder.attend(self.encoder.bordered(tokens.gather(2, index), lead_ids))
        first = encoded[:, :, :1]
        last = encoded[:, :, -1:] if self.encoder.kind == "st_mem" else encoded[:, :, :0]
        middle = self.decoder_embed(encoded[:, :, 1 : 1 + kept.shape[2]])
        every = self.mask_token.expand(*tokens.shape[:3], -1).scatter(
            2, kept[..., None].expand_as(middle), middle
        )
        every = torch.cat([self.decoder_embed(first), every, self.decoder_embed(last)], 2).flatten(
            0, 1
        )
        every = every + self._positions(lead_ids, tokens.shape[1:3]).flatten(0, 1)
        unturned = torch.zeros(every.shape[1], device=every.device)
        for block in self.blocks:
            every = block(every, unturned)
        said = self.decoder_head(every[:, 1 : 1 + tokens.shape[2]]).unflatten(0, tokens.shape[:2])
        hidden = torch.ones(tokens.shape[:3], device=kept.device).scatter(2, kept, 0.0)
        return (((said - self.patches(signal)) ** 2).mean(-1) * hidden).sum() / hidden.sum()

    def _positions(self, lead_ids: torch.Tensor, shape: torch.Size) -> torch.Tensor:
        """What tells the decoder's tokens apart, borders included: (windows, groups, tokens,
        width)."""
        kind = self.encoder.kind
        zero = torch.zeros(1, self.mask_token.shape[0], device=lead_ids.device)
        time = positions(shape[1], self.mask_token.shape[0]).to(zero)
        if kind == "mtae":
            return torch.cat([zero, time]).expand(len(lead_ids), 1, -1, -1)
        if kind == "st_mem":
            return torch.cat([zero, time, zero]) + self.lead(lead_ids)[:, :, None]
        return torch.cat([zero.expand(len(lead_ids), 1, -1), self.lead(lead_ids)], 1)[:, None]


def visible(windows: int, groups: int, tokens: int, rng: np.random.Generator) -> torch.Tensor:
    """Places of the tokens that stay visible, of each group its own, in order: (windows, groups,
    count)."""
    count = max(1, int(tokens * (1 - MASK_RATIO)))
    order = rng.permuted(np.broadcast_to(np.arange(tokens), (windows, groups, tokens)), axis=-1)
    return torch.from_numpy(np.sort(order[..., :count], -1))


def build(call: Call, inputs: int) -> Patches:
    leads = (inputs - 1) // 3
    params = call.params
    return Patches(
        params["kind"], leads, params["samples"], params["width"], params["depth"], params["heads"]
    )


def pretraining(call: Call) -> None:
    def ask(windows: torch.Tensor, lead_ids: torch.Tensor, rng: np.random.Generator) -> tuple:
        count, leads, samples = windows.shape
        times = -(-call.params["samples"] // PATCH)
        whole = functional.pad(windows, (0, times * PATCH - samples))
        groups, tokens = {"st_mem": (leads, times), "mtae": (1, times), "mlae": (1, leads)}[
            call.params["kind"]
        ]
        return whole, lead_ids, visible(count, groups, tokens, rng)

    pretrain(call, lambda leads: Autoencoder(build(call, channels_of(leads))), ask)


encode, complete = networks(build)

if __name__ == "__main__":
    run(encode, complete, pretraining)
