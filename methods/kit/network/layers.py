"""Building blocks: a convolutional stem that makes tokens, transformer blocks with rotary
positions, a decoder that makes samples of tokens.

On one core a step of a 4-layer, 128-wide encoder over 100 tokens takes 0.28 s for 32 windows:
patches of 25 samples (0.1 s at 250 Hz) are what a budget of minutes allows. There is no dropout: a
tenth of it cost 4 % of the error after 600 steps (mitdb, validation patients), and in attention
nine times the time of the rest on a CPU."""

import math

import torch
from torch import nn
from torch.nn import functional

STEP = 5  # samples, the finest step of a decoder
STRIDES = (STEP, 5)  # of the stem's two convolutions
TOKEN = math.prod(STRIDES)  # samples


def rotate(x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Rotary positions (Su et al. 2021, arXiv:2104.09864): x (batch, heads, tokens, size) by
    `positions`, in tokens: (tokens,), or (batch, tokens) where windows have tokens of their own."""
    half = x.shape[-1] // 2
    speed = 100.0 ** (-torch.arange(half, device=x.device) / half)
    angle = positions[..., None] * speed
    if angle.ndim == 3:
        angle = angle[:, None]
    cosine, sine = angle.cos(), angle.sin()
    one, other = x[..., :half], x[..., half:]
    return torch.cat([one * cosine - other * sine, one * sine + other * cosine], -1)


class Block(nn.Module):
    """A pre-norm transformer block (Vaswani et al. 2017; Xiong et al. 2020) with rotary
    positions."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) to the same."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.qkv(self.norm(x)).chunk(3, -1)
        )
        attended = functional.scaled_dot_product_attention(
            rotate(query, positions), rotate(key, positions), value
        )
        x = x + self.projection(attended.transpose(1, 2).flatten(2))
        return x + self.mlp(self.mlp_norm(x))


class Stem(nn.Module):
    """Two strided convolutions: (windows, channels, samples), padded with zeros to whole tokens, to
    tokens (windows, tokens, width). A token sees nothing beyond the tokens beside it."""

    def __init__(self, channels: int, width: int, fine: int = 32) -> None:
        super().__init__()
        one, other = STRIDES
        self.first = nn.Conv1d(channels, fine, 2 * one + 1, one, padding=one // 2 + 1)
        self.norm = nn.GroupNorm(4, fine)
        self.second = nn.Conv1d(fine, width, 2 * other + 1, other, padding=other // 2 + 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(windows, channels, samples) to (windows, tokens, width)."""
        x = functional.pad(x, (0, -x.shape[-1] % TOKEN))
        return self.second(functional.gelu(self.norm(self.first(x)))).transpose(1, 2)


class Encoder(nn.Module):
    """What every encoder says of itself. `forward(x, lead_ids)` maps (windows, channels, samples)
    to (windows, tokens, width), a token each `stride` samples; `lead_ids` (windows, leads) int64 in
    [0, methods.kit.signal.leads.COUNT) say which lead each is, by `methods.kit.signal.leads`."""

    width: int
    stride: int
    task_layers: tuple[nn.Module, ...] = ()  # for the tasks alone, which no pretraining learns


class Transformer(Encoder):
    """Stem and transformer blocks: (windows, channels, samples) to (windows, tokens, width),
    whatever the leads."""

    def __init__(self, channels: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.width, self.stride = width, TOKEN
        self.stem = Stem(channels, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        """(windows, channels, samples) to (windows, tokens, width)."""
        tokens = self.stem(x)
        return self.attend(tokens, torch.arange(tokens.shape[1], device=x.device))

    def attend(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """The stem's tokens (windows, tokens, width) at `positions`, (tokens,) or (windows,
        tokens), all blocks."""
        for block in self.blocks:
            tokens = block(tokens, positions)
        return self.norm(tokens)


class Completion(nn.Module):
    """An encoder with the patch decoder: (windows, channels, samples) to (windows, leads, samples).

    encoder.stride is a multiple of STEP. Tokens overlap on their way back to steps of STEP samples
    (Odena et al. 2016: no seams), meet the input there, and become samples. Starts by answering
    zero: the classical estimate as it is."""

    def __init__(
        self, encoder: Encoder, channels: int, leads: int, width: int = 64, kernel: int = 7
    ) -> None:
        super().__init__()
        self.encoder = encoder
        up = encoder.stride // STEP
        overlap = (up + 1) // 2
        self.up = nn.ConvTranspose1d(
            encoder.width, width // 2, up + 2 * overlap, up, padding=overlap
        )
        self.near = nn.Conv1d(STEP * channels, width // 2, kernel, padding=kernel // 2)
        self.merge = nn.Conv1d(width, width, kernel, padding=kernel // 2)
        self.norm = nn.GroupNorm(4, width)
        self.last = nn.Conv1d(width, STEP * leads, kernel, padding=kernel // 2)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        """(windows, channels, samples) to (windows, leads, samples), in units of the lead's scale."""
        samples = x.shape[-1]
        tokens = self.up(self.encoder(x, lead_ids).transpose(1, 2))
        x = functional.pad(x, (0, STEP * tokens.shape[-1] - samples))
        near = self.near(x.unflatten(-1, (-1, STEP)).transpose(2, 3).flatten(1, 2))
        merged = self.merge(functional.gelu(torch.cat([tokens, near], 1)))
        answer = self.last(functional.gelu(self.norm(merged)))
        return answer.unflatten(1, (-1, STEP)).transpose(2, 3).flatten(2)[..., :samples]
