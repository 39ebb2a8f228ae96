"""The network of both kinds of task: a residual 1-D encoder with a U-Net decoder or with a beat head."""

from pathlib import Path
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional

KERNEL = 5
Network = TypeVar("Network", bound=nn.Module)


class Block(nn.Module):
    """Two convolutions and the way around them (He et al. 2016), group norm for batch norm: no running statistics."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, bias=False)
        self.first_norm = nn.GroupNorm(4, width)
        self.second = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, bias=False)
        self.second_norm = nn.GroupNorm(4, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(x + self.second_norm(self.second(inner)))


class Encoder(nn.Module):
    """Strided convolution and residual block per level; returns every level's output, finest first."""

    def __init__(self, channels: int, widths: list[int], strides: list[int]) -> None:
        super().__init__()
        inputs = [channels, *widths[:-1]]
        self.down = nn.ModuleList(
            nn.Conv1d(i, o, 2 * s, s, padding=s // 2) for i, o, s in zip(inputs, widths, strides, strict=True)
        )
        self.blocks = nn.ModuleList(Block(width) for width in widths)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        levels = []
        for down, block in zip(self.down, self.blocks, strict=True):
            x = block(down(x))
            levels.append(x)
        return levels


class Decoder(nn.Module):
    """From the coarsest level back to full rate, adding each finer level on the way; starts by answering zero."""

    def __init__(self, channels: int, leads: int, widths: list[int], stride: int) -> None:
        super().__init__()
        self.stride = stride
        coarse, fine = widths[:0:-1], widths[-2::-1]
        self.up = nn.ModuleList(nn.ConvTranspose1d(i, o, stride, stride) for i, o in zip(coarse, fine, strict=True))
        self.blocks = nn.ModuleList(Block(width) for width in fine[:-1])
        # The samples of a patch stand as channels: convolutions at full rate cost three times as much.
        self.merge = nn.Conv1d(widths[0] + stride * channels, widths[0], KERNEL, padding=KERNEL // 2)
        self.last = nn.Conv1d(widths[0], stride * leads, KERNEL, padding=KERNEL // 2)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor, levels: list[torch.Tensor]) -> torch.Tensor:
        y = levels[-1]
        for number, (up, level) in enumerate(zip(self.up, levels[-2::-1], strict=True)):
            y = up(y) + level
            if number < len(self.blocks):
                y = self.blocks[number](y)
        patches = x.unflatten(-1, (-1, self.stride)).transpose(2, 3).flatten(1, 2)
        y = self.last(functional.relu(self.merge(torch.cat([y, patches], 1))))
        return y.unflatten(1, (-1, self.stride)).transpose(2, 3).flatten(2)


class Completion(nn.Module):
    """(batch, channels, samples) -> what is to be added to the classical estimate (batch, leads, samples)."""

    def __init__(self, leads: int, widths: list[int], frozen_encoder: bool) -> None:
        super().__init__()
        self.stride = 4
        self.multiple = self.stride ** len(widths)
        channels = 2 * leads + 1
        self.encoder = Encoder(channels, widths, [self.stride] * len(widths)).requires_grad_(not frozen_encoder)
        self.head = Decoder(channels, leads, widths, self.stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        samples = x.shape[-1]
        x = functional.pad(x, (0, -samples % self.multiple))
        return self.head(x, self.encoder(x))[..., :samples]


class Heartbeat(nn.Module):
    """Beats (batch, channels, samples) and rhythm features (batch, features) -> logits (batch, classes)."""

    def __init__(self, channels: int, features: int, classes: int, widths: list[int], frozen_encoder: bool) -> None:
        super().__init__()
        strides = [4] + [2] * (len(widths) - 1)
        self.encoder = Encoder(channels, widths, strides).requires_grad_(not frozen_encoder)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Sequential(nn.Linear(2 * widths[-1] + features, 64), nn.ReLU(), nn.Linear(64, classes))
        # Turns logits under the sampling of the training into logits under the frequencies of the training set.
        self.shift = nn.Buffer(torch.zeros(classes))

    def forward(self, beats: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        last = self.encoder(beats)[-1]
        return self.head(torch.cat([self.dropout(torch.cat([last.mean(-1), last.amax(-1)], 1)), features], 1))


def highpass(x: torch.Tensor, rate: float) -> torch.Tensor:
    """Zero-phase Butterworth high-pass (order 2, 0.5 Hz, there and back) over the last axis, by its squared gain.

    Odd extension by 2 s at either end, as `scipy.signal.filtfilt` does, so that the ends don't ring.
    """
    margin = min(round(2 * rate), x.shape[-1] - 1)
    left = 2 * x[..., :1] - x[..., 1 : margin + 1].flip(-1)
    right = 2 * x[..., -1:] - x[..., -margin - 1 : -1].flip(-1)
    extended = torch.cat([left, x, right], -1)
    length = extended.shape[-1]
    ratio = (torch.fft.rfftfreq(length, 1 / rate) / 0.5) ** 4
    filtered = torch.fft.irfft(torch.fft.rfft(extended) * (ratio / (1 + ratio)), n=length)
    return filtered[..., margin : margin + x.shape[-1]]


def completion_loss(answer: torch.Tensor, target: torch.Tensor, wanted: torch.Tensor, rate: float) -> torch.Tensor:
    """Mean over windows of the RMSE of the high-passed error over wanted samples; nothing else of `target` counts.

    All (batch, leads, samples), in units of the lead's scale. The error passes the scorer's baseline filter, since
    offset and wander of what is hidden can't be known and would drown the rest.
    """
    error = highpass(torch.where(wanted, answer - target, 0.0), rate)
    square = torch.where(wanted, error**2, 0.0).sum((1, 2)) / wanted.sum((1, 2)).clamp(min=1)
    return (square + 1e-6).sqrt().mean()


def save(path: Path, model: nn.Module) -> None:
    """Write the tensors of `model` as safetensors, without metadata, so that equal weights are equal bytes."""
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)


def load(path: Path, model: Network) -> Network:
    """Fill `model` from `path`; raises RuntimeError that names each missing, unexpected or misshapen tensor."""
    from safetensors.torch import load_file

    model.load_state_dict(load_file(path), strict=True)
    return model.eval()
