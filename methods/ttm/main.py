"""Masked signal modelling with a tiny time mixer (Ekambaram et al. 2024): perceptrons across
patches of 1 s and across features, lead by lead; hidden patches are restored in time and in
spectrum."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from methods.kit.contract.call import Call, read_json
from methods.kit.contract.records import read_records
from methods.kit.contract.windows import read_windows
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import Completion, Encoder
from methods.kit.network.method import run
from methods.kit.network.pretraining import channels, pretrain, pretrained
from methods.kit.signal.leads import COUNT, lead_ids

LEADS = "leads.json"  # names of the leads that the pretraining saw
PATCH = 250  # samples, 1 s
PATCHES = 10
FINE = 10  # finer tokens of a patch, for tasks that ask about moments
MASK_RATIO = 0.4  # of the patches that are hidden
SPECTRUM = 0.3  # weight of the spectral part of the loss
# Samples of the transform's window, and between windows.
RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))


class Mix(nn.Module):
    """Normalise, mix along one axis, weigh the result by a gate; with a skip connection (Chen et
    al. 2023, TSMixer)."""

    def __init__(self, width: int, size: int, across_patches: bool) -> None:
        super().__init__()
        self.across_patches = across_patches
        self.norm = nn.LayerNorm(width)
        self.mix = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
        self.gate = nn.Linear(size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.norm(x)
        if self.across_patches:
            inner = inner.transpose(-1, -2)
        inner = self.mix(inner)
        inner = inner * self.gate(inner).softmax(-1) * inner.shape[-1]
        return x + (inner.transpose(-1, -2) if self.across_patches else inner)


class Mixer(Encoder):
    """Windows of up to PATCHES seconds to tokens: leads are mixed alike and apart, and told apart
    by name."""

    def __init__(self, leads: int, width: int, depth: int) -> None:
        super().__init__()
        self.leads, self.stride, self.inner = leads, PATCH // FINE, width
        self.embed = nn.Linear(4 * PATCH, width)
        self.lead = nn.Embedding(COUNT, width)
        nn.init.normal_(self.lead.weight, std=0.02)
        sizes = ((PATCHES, True), (width, False)) * depth
        self.blocks = nn.Sequential(*(Mix(width, size, across) for size, across in sizes))
        self.norm = nn.LayerNorm(width)
        self.spread = nn.Linear(width, FINE * 32)
        self.task_layers = (self.spread,)
        self.width = 32 * leads

    def embedded(self, x: torch.Tensor) -> torch.Tensor:
        """Channels (windows, 3 leads + 1, samples) to (windows, leads, PATCHES, width), each patch
        by itself."""
        x = functional.pad(x[..., : PATCHES * PATCH], (0, max(0, PATCHES * PATCH - x.shape[-1])))
        level = x[:, -1:].expand(-1, self.leads, -1)
        of_lead = torch.cat([x[:, :-1].unflatten(1, (3, self.leads)), level[:, None]], 1)
        return self.embed(of_lead.unflatten(-1, (PATCHES, PATCH)).permute(0, 2, 3, 1, 4).flatten(3))

    def mixed(self, tokens: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        """Patches (windows, leads, PATCHES, width) that know of each other, and of their lead's
        name."""
        return self.norm(self.blocks(tokens + self.lead(lead_ids)[:, :, None]))

    def forward(self, x: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        """Channels (windows, 3 leads + 1, samples) and the leads' numbers to (windows, tokens,
        self.width)."""
        needed = -(-x.shape[-1] // self.stride)
        fine = self.spread(self.mixed(self.embedded(x), lead_ids)).unflatten(-1, (FINE, 32))
        return fine.permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2)[:, :needed]


class Masked(nn.Module):
    """The mixer, and a line from each patch's features to its samples. A hidden patch is a learnt
    token, which no value of a signal can be mistaken for."""

    def __init__(self, encoder: Mixer) -> None:
        super().__init__()
        self.encoder = encoder
        self.mask_token = nn.Parameter(torch.randn(encoder.inner) / 50)
        self.head = nn.Linear(encoder.inner, PATCH)

    def restored(
        self, signal: torch.Tensor, lead_ids: torch.Tensor, hidden: torch.Tensor
    ) -> torch.Tensor:
        """Scaled windows (windows, leads, PATCHES * PATCH) as the network completes them."""
        seen = ~hidden.repeat_interleave(PATCH, 1)[:, None].expand_as(signal)
        tokens = torch.where(
            hidden[:, None, :, None], self.mask_token, self.encoder.embedded(channels(signal, seen))
        )
        return self.head(self.encoder.mixed(tokens, lead_ids)).flatten(2)

    def forward(
        self, signal: torch.Tensor, lead_ids: torch.Tensor, hidden: torch.Tensor
    ) -> torch.Tensor:
        said = self.restored(signal, lead_ids, hidden).float()
        wide = hidden.repeat_interleave(PATCH, 1)[:, None].expand_as(signal)
        return ((said - signal)[wide] ** 2).mean() + SPECTRUM * spectral(said, signal)


def spectral(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The mean difference of log amplitudes over three resolutions (Yamamoto et al. 2020), of
    signals (..., samples).

    Amplitudes below a thousandth of the other's mean one count as that: silence would outweigh
    everything else. Raises ValueError where a transform's window is longer than twice the signal.
    """
    found = []
    for size, hop in RESOLUTIONS:
        if one.shape[-1] <= size // 2:
            raise ValueError(
                f"a window of {size} samples needs more than {size // 2}, found {one.shape[-1]}"
            )
        shape = torch.hann_window(size, device=one.device)
        pair = [
            torch.stft(x.flatten(0, -2).float(), size, hop, window=shape, return_complex=True).abs()
            for x in (one, other)
        ]
        floor = 1e-3 * pair[1].mean((-1, -2), keepdim=True).detach() + 1e-6
        found.append(((pair[0] + floor).log() - (pair[1] + floor).log()).abs().mean())
    return torch.stack(found).mean()


def hide(windows: int, kind: str, rng: np.random.Generator) -> torch.Tensor:
    """Hidden patches (windows, PATCHES), the same count in each: at `random`, or one `block`."""
    count = round(MASK_RATIO * PATCHES)
    hidden = np.zeros((windows, PATCHES), bool)
    for row in hidden:
        if kind == "block":
            start = rng.integers(PATCHES - count + 1)
            row[start : start + count] = True
        else:
            row[rng.permutation(PATCHES)[:count]] = True
    return torch.from_numpy(hidden)


def inflate(encoder: Mixer, pretrained_on: list[str], wanted: list[str], seed: int) -> list[str]:
    """Give the leads `wanted` that are not among those `pretrained_on` the mean vector of these,
    and a little noise; the others stay as they are. Returns a line on each lead."""
    table, generator = encoder.lead.weight, torch.Generator().manual_seed(seed)
    old, new = lead_ids([pretrained_on])[0], lead_ids([wanted])[0]
    said = []
    with torch.no_grad():
        mean = table[torch.from_numpy(np.unique(old))].mean(0)
        for name, number in zip(wanted, new, strict=True):
            if number in old:
                said.append(f"{name}: kept")
            else:
                table[number] = mean + 0.01 * torch.randn(mean.shape, generator=generator)
                said.append(f"{name}: the mean of {', '.join(pretrained_on)}")
    return said


def build(call: Call, inputs: int) -> Mixer:
    return Mixer((inputs - 1) // 3, call.params["width"], call.params["depth"])


def pretraining(call: Call) -> None:
    def ask(windows: torch.Tensor, lead_ids: torch.Tensor, rng: np.random.Generator) -> tuple:
        whole = windows[..., : PATCHES * PATCH]
        if whole.shape[-1] < PATCHES * PATCH:
            raise ValueError(
                f"expected windows of {PATCHES * PATCH} samples, found {windows.shape[-1]}"
            )
        return whole, lead_ids, hide(len(windows), call.params["hides"], rng)

    pretrain(call, lambda leads: Masked(build(call, channels_of(leads))), ask)
    (call.model / LEADS).write_text(json.dumps(names_in(call.data / "train")) + "\n")


def names_in(folder: Path) -> list[str]:
    """The names of all leads in a folder of windows or records."""
    windows = (folder / "windows.json").exists()
    each = (
        read_windows(folder).leads if windows else [record.leads for record in read_records(folder)]
    )
    return sorted({name for names in each for name in names})


def encode(call: Call, leads: int, channels: int) -> Mixer:
    """The pretrained mixer, inflated to leads that the pretraining did not see."""
    mixer = build(call, channels)
    pretrained(call, mixer)
    if call.verb == "fit":
        pretrained_on = read_json(call.pretrained / LEADS)
        said = inflate(mixer, pretrained_on, names_in(call.data / "train"), call.seed)
        print(*said, sep="\n", flush=True)
    return mixer


def complete(call: Call, leads: int, channels: int) -> Completion:
    return Completion(encode(call, leads, channels), channels, leads)


if __name__ == "__main__":
    run(encode, complete, pretraining)
