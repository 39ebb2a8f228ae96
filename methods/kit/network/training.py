"""The training loop of every torch method: AdamW, warm-up and cosine, clipping, checks on
validation patients, and a state from which a killed run goes on to the same bytes.

Measured on one core before it was written: importing `lightning_fabric` takes 6.0 CPU s and
`accelerate` 2.4, of a fit that takes 100; building `torch.optim.AdamW` imports torch's compiler, 1
to 2 CPU s; bf16 on a CPU is 3.7 times slower than float32, and `torch.compile` gains nothing. So
the loop is plain, AdamW is written out, float32 is used on a CPU and bf16 autocast on a GPU. One
thread makes equal seeds equal bytes."""

import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from methods.kit.exchange import Call
from methods.kit.network.checkpoints import save

MODEL = "model.safetensors"
CHECKS = 8  # how often a training looks at the validation patients

Tensors = dict[str, torch.Tensor]


def device() -> torch.device:
    """The GPU of this process where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


def place(batch: Any) -> Any:
    """A tensor, array or tuple of them on `device()`."""
    if isinstance(batch, tuple):
        return tuple(place(part) for part in batch)
    return torch.as_tensor(batch).to(device())


def join() -> tuple[int, int]:
    """This process's rank and the number of processes: those of `torchrun`, or (0, 1) without
    it."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return int(os.environ.get("RANK", "0")), size


def rate_at(step: int, steps: int, peak: float, warm: int) -> float:
    """Learning rate of step 1, 2, ..., `steps`: linear to `peak` at step `warm`, then half a cosine
    down to zero after the last step (Loshchilov & Hutter 2017)."""
    if step <= warm:
        return peak * step / warm
    return peak * (0.5 + 0.5 * math.cos(math.pi * (step - warm) / (steps + 1 - warm)))


def adamw(
    parameters: list[nn.Parameter],
    moments: list[tuple[torch.Tensor, torch.Tensor]],
    step: int,
    rate: float,
    decay: float = 1e-2,
    betas: tuple[float, float] = (0.9, 0.999),
) -> None:
    """One step of AdamW (Loshchilov & Hutter 2019), in place. Raises RuntimeError where a gradient
    is missing."""
    first, second = betas
    with torch.no_grad():
        for parameter, (mean, square) in zip(parameters, moments, strict=True):
            gradient = parameter.grad
            if gradient is None:
                raise RuntimeError("a trainable tensor has no gradient")
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            spread = (square / (1 - second**step)).sqrt_().add_(1e-8)
            parameter.mul_(1 - rate * decay).addcdiv_(mean, spread, value=-rate / (1 - first**step))


def follow(average: Tensors, model: nn.Module, keep: float) -> None:
    """Move `average` towards the weights of `model`: keep * average + (1 - keep) * weights. Buffers
    are copied."""
    learnt = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name in learnt:
                average[name].lerp_(tensor, 1 - keep)
            else:
                average[name].copy_(tensor)


def warm_keep(keep: float, step: int) -> float:
    """The share that an average keeps at step 1, 2, ...: small at first, so that it forgets the
    random start."""
    return min(keep, step / (9 + step))


def train(
    call: Call,
    model: nn.Module,
    draw: Callable[[np.random.Generator], Any],
    loss: Callable[[Any], torch.Tensor],
    check: Callable[[], float],
    *,
    steps: int,
    rate: float,
    decay: float = 1e-2,
    betas: tuple[float, float] = (0.9, 0.999),
    clip: float = 1.0,
    accumulate: int = 1,
    average: float = 0.0,
    patience: int = CHECKS,
    after: Callable[[int], None] = lambda step: None,
) -> None:
    """Train `model` for at most `steps` steps and leave in it, and in call.model/model.safetensors,
    the weights of the lowest `check()`, a loss on validation patients.

    A step's batch is `draw(rng)`, `accumulate` times, with a generator of (seed, step, part) alone,
    so that a run goes on after a kill as if nothing had been. Under `torchrun` every process draws
    its own part and gradients are averaged. `average` > 0 checks and keeps an exponential moving
    average of the weights. `after(step)` is called when the weights have moved. `patience` checks
    without a lower one end the training. call.model/history.json gets a line per check. Where the
    call has a folder `state/`, the run is saved there at each check and begun from there. Raises
    FloatingPointError where no check is finite."""
    rank, size = join()
    model.to(device())
    parameters = [p for p in model.parameters() if p.requires_grad]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    averaged = (
        {name: tensor.clone() for name, tensor in model.state_dict().items()} if average else {}
    )
    warm, every = max(1, min(50, steps // 10)), math.ceil(steps / CHECKS)
    best: Tensors = {}
    history: list[dict[str, float]] = []
    running, done, began = 0.0, 0, time.monotonic()

    state = _State(call.root / "state", model, moments, averaged, best)
    if state.folder.is_dir() and (stand := state.read()):
        history, running, done = stand["history"], stand["running"], stand["step"]
        print(f"going on after step {done}", flush=True)

    for step in range(done + 1, steps + 1):
        model.train()
        for parameter in parameters:
            parameter.grad = None
        value = 0.0
        for part in range(accumulate):
            number = part * size + rank
            torch.manual_seed(
                int(np.random.SeedSequence([call.seed, step, number]).generate_state(1)[0])
            )
            batch = place(draw(np.random.default_rng([call.seed, 1, step, number])))
            with torch.autocast(device().type, torch.bfloat16, enabled=device().type == "cuda"):
                loss_of_part = loss(batch)
            (loss_of_part / accumulate).backward()
            value += loss_of_part.item() / accumulate
        if size > 1:
            _average_gradients(parameters, size)
        nn.utils.clip_grad_norm_(parameters, clip)
        now = rate_at(step, steps, rate, warm)
        adamw(parameters, moments, step, now, decay, betas)
        if averaged:
            follow(averaged, model, warm_keep(average, step))
        after(step)
        running += (value - running) / ((step - 1) % every + 1)
        _show(step, steps, value, began, done)
        if step % every and step != steps:
            continue
        found = _checked(model, averaged, check)
        history.append({"step": step, "rate": now, "training": running, "validation": found})
        print(f"step {step}/{steps}: training {running:.4f}, validation {found:.4f}", flush=True)
        lowest = min(range(len(history)), key=lambda k: (_finite(history[k]["validation"]), -k))
        if lowest == len(history) - 1 and math.isfinite(found):
            best.update({n: t.clone() for n, t in (averaged or model.state_dict()).items()})
        if rank == 0 and state.folder.is_dir():
            state.write({"step": step, "running": running, "history": history})
        if len(history) - 1 - lowest >= patience:
            print(f"no lower validation loss in {patience} checks: stopped", flush=True)
            break
    if not best:
        raise FloatingPointError("no validation check was finite: the training diverged")
    model.load_state_dict(best)
    model.eval()
    if rank == 0:
        save(call.model / MODEL, best)
        (call.model / "history.json").write_text(json.dumps(history, indent=1) + "\n")


class _State:
    """What a killed run needs to go on: weights, moments, average and best weights, and where it
    stood."""

    def __init__(
        self, folder: Path, model: nn.Module, moments: list, averaged: Tensors, best: Tensors
    ) -> None:
        self.folder, self.model, self.moments, self.averaged, self.best = (
            folder,
            model,
            moments,
            averaged,
            best,
        )

    def write(self, stand: dict[str, Any]) -> None:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.averaged.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, (mean, square) in enumerate(self.moments):
            tensors |= {f"mean.{number}": mean, f"square.{number}": square}
        save(self.folder / f"step-{stand['step']}.safetensors", tensors)
        temporary = self.folder / "stand.json.tmp"
        temporary.write_text(json.dumps(stand))
        temporary.rename(self.folder / "stand.json")
        for old in self.folder.glob("step-*.safetensors"):
            if old.name != f"step-{stand['step']}.safetensors":
                old.unlink()

    def read(self) -> dict[str, Any] | None:
        """Put back what `write` kept, None where it kept nothing; raises RuntimeError where tensors
        don't fit."""
        if not (self.folder / "stand.json").exists():
            return None
        from safetensors.torch import load_file

        stand = json.loads((self.folder / "stand.json").read_text())
        tensors = load_file(self.folder / f"step-{stand['step']}.safetensors", str(device()))
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
        return stand


def _checked(model: nn.Module, averaged: Tensors, check: Callable[[], float]) -> float:
    """`check()` in evaluation mode, on the averaged weights where there are such."""
    model.eval()
    own = {name: tensor.clone() for name, tensor in model.state_dict().items()} if averaged else {}
    if averaged:
        model.load_state_dict(averaged)
    with torch.inference_mode():
        found = float(check())
    if averaged:
        model.load_state_dict(own)
    return found


def _average_gradients(parameters: list[nn.Parameter], size: int) -> None:
    """Replace each gradient by its mean over all processes."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    for gradient, mean in zip(
        gradients, (flat / size).split([g.numel() for g in gradients]), strict=True
    ):
        gradient.copy_(mean.view_as(gradient))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _show(step: int, steps: int, value: float, began: float, done: int) -> None:
    """A bar on a terminal; nothing in a log."""
    if sys.stderr.isatty():
        pace = (time.monotonic() - began) / (step - done)
        bar = "━" * (30 * step // steps)
        print(
            f"\r{bar:<30} {step}/{steps}  loss {value:.4f}  {pace:.2f} s a step",
            end="",
            file=sys.stderr,
            flush=True,
        )
        if step == steps:
            print(file=sys.stderr)


def steps_within(call: Call, batch: int) -> int:
    """Steps of `batch` windows that the call's budget allows."""
    return max(1, min(call.budget["steps"], call.budget["windows"] // batch))
