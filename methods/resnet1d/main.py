"""A residual 1-D network (He et al. 2016, in one dimension), trained from nothing for each task."""

import torch
from torch import nn
from torch.nn import functional

from methods.kit.contract.call import Call
from methods.kit.network.layers import Completion, Encoder
from methods.kit.network.method import run

KERNEL = 5
STRIDES = (5, 2)  # samples, then steps: a token is 40 ms


class Block(nn.Module):
    """Two dilated convolutions with a skip connection, so that few blocks see a whole beat. Group
    norm (Wu & He 2018) for batch norm: no running statistics."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(
            width, width, KERNEL, padding=KERNEL // 2 * dilation, dilation=dilation, bias=False
        )
        self.first_norm = nn.GroupNorm(4, width)
        self.second = nn.Conv1d(
            width, width, KERNEL, padding=KERNEL // 2 * dilation, dilation=dilation, bias=False
        )
        self.second_norm = nn.GroupNorm(4, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(x + self.second_norm(self.second(inner)))


class ResNet(Encoder):
    """Two strided convolutions, each followed by residual blocks: (windows, channels, samples) to
    (windows, tokens, width), a token each 10 samples."""

    def __init__(self, channels: int, widths: list[int], dilations: list[int]) -> None:
        super().__init__()
        fine, self.width = widths
        one, other = STRIDES
        self.stride = one * other
        self.stem = nn.Conv1d(channels, fine, 2 * one + 1, one, padding=one // 2 + 1)
        self.fine = Block(fine, 1)
        self.down = nn.Conv1d(fine, self.width, 2 * other + 1, other, padding=other)
        self.coarse = nn.Sequential(*(Block(self.width, dilation) for dilation in dilations))

    def forward(self, x: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        tokens = -(-x.shape[-1] // self.stride)
        x = functional.pad(x, (0, tokens * self.stride - x.shape[-1]))
        x = self.fine(functional.relu(self.stem(x)))
        return self.coarse(functional.relu(self.down(x))).transpose(1, 2)[:, :tokens]


def encode(call: Call, leads: int, channels: int) -> ResNet:
    return ResNet(channels, call.params["widths"], call.params["dilations"])


def complete(call: Call, leads: int, channels: int) -> Completion:
    return Completion(encode(call, leads, channels), channels, leads)


if __name__ == "__main__":
    run(encode, complete)
