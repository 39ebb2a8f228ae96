"""The training state: what a killed run needs to go on to the same bytes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from methods.kit.network.checkpoints import save

Tensors = dict[str, torch.Tensor]
PROGRESS = "progress.json"


@dataclass(frozen=True)
class TrainingState:
    """Weights, AdamW's moments, averaged and best weights, and how far the run has come. Nothing is
    kept where `folder` is none."""

    folder: Path
    model: nn.Module
    moments: list[tuple[torch.Tensor, torch.Tensor]]  # one pair for each trainable tensor
    averaged: Tensors
    best: Tensors

    def write(self, progress: dict[str, Any]) -> None:
        """Keep all tensors and `progress`, which holds the last `step`; the file of an older step
        is deleted last."""
        if not self.folder.is_dir():
            return
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.averaged.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, (mean, square) in enumerate(self.moments):
            tensors |= {f"mean.{number}": mean, f"square.{number}": square}
        save(self.folder / f"step-{progress['step']}.safetensors", tensors)
        temporary = self.folder / f"{PROGRESS}.tmp"
        temporary.write_text(json.dumps(progress))
        temporary.rename(self.folder / PROGRESS)
        for old in self.folder.glob("step-*.safetensors"):
            if old.name != f"step-{progress['step']}.safetensors":
                old.unlink()

    def read(self, device: torch.device) -> dict[str, Any] | None:
        """Put back what `write` kept and return its progress, None where it kept nothing; raises
        RuntimeError where tensors don't fit."""
        if not (self.folder / PROGRESS).exists():
            return None
        from safetensors.torch import load_file

        progress = json.loads((self.folder / PROGRESS).read_text())
        tensors = load_file(self.folder / f"step-{progress['step']}.safetensors", str(device))
        parts: dict[str, Tensors] = {}
        for name, tensor in tensors.items():
            part, rest = name.split(".", 1)
            parts.setdefault(part, {})[rest] = tensor
        self.model.load_state_dict(parts["model"])
        self.averaged.update(parts.get("average", {}))
        self.best.update(parts.get("best", {}))
        for number, (mean, square) in enumerate(self.moments):
            mean.copy_(parts["mean"][str(number)])
            square.copy_(parts["square"][str(number)])
        return progress
