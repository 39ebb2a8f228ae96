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
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from methods.kit.contract.call import Call
from methods.kit.network.checkpoints import save
from methods.kit.network.training_state import Tensors, TrainingState

MODEL = "model.safetensors"
CHECKS = 8  # how often a training looks at the validation patients


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


def learning_rate_at(step: int, steps: int, peak: float, warm: int) -> float:
    """Learning rate of step 1, 2, ..., `steps`: linear to `peak` at step `warm`, then half a cosine
    down to zero after the last step (Loshchilov & Hutter 2017)."""
    if step <= warm:
        return peak * step / warm
    return peak * (0.5 + 0.5 * math.cos(math.pi * (step - warm) / (steps + 1 - warm)))


def adamw(
    parameters: list[nn.Parameter],
    moments: list[tuple[torch.Tensor, torch.Tensor]],
    step: int,
    learning_rate: float,
    weight_decay: float = 1e-2,
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
            parameter.mul_(1 - learning_rate * weight_decay)
            parameter.addcdiv_(mean, spread, value=-learning_rate / (1 - first**step))


def ema_update(average: Tensors, model: nn.Module, momentum: float) -> None:
    """Move `average` towards the weights of `model`: momentum * average + (1 - momentum) * weights
    (an exponential moving average). Buffers are copied."""
    learnt = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name in learnt:
                average[name].lerp_(tensor, 1 - momentum)
            else:
                average[name].copy_(tensor)


def warm_momentum(momentum: float, step: int) -> float:
    """The momentum of an average at step 1, 2, ...: small at first, so that it forgets the random
    start."""
    return min(momentum, step / (9 + step))


@dataclass(frozen=True)
class Schedule:
    """How a network is trained."""

    steps: int  # at most
    learning_rate: float  # its peak, after the warm-up
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)  # of AdamW
    clip: float = 1.0  # the largest norm of a step's gradient
    accumulate: int = 1  # batches of a step
    average: float = 0.0  # momentum of the averaged weights that are checked and kept; 0: none
    patience: int = CHECKS  # checks without a lower loss that end the training

    @property
    def warm_up(self) -> int:
        """Steps until the learning rate is at its peak: a tenth of all, 50 at most."""
        return max(1, min(50, self.steps // 10))


def train(
    call: Call,
    model: nn.Module,
    draw_batch: Callable[[np.random.Generator], Any],
    loss: Callable[[Any], torch.Tensor],
    check: Callable[[], float],
    schedule: Schedule,
    after: Callable[[int], None] = lambda step: None,
) -> None:
    """Train `model` as `schedule` says and leave in it, and in call.model/model.safetensors, the
    weights of the lowest `check()`, a loss on validation patients.

    A step's batches are `draw_batch(rng)`, with a generator of (seed, step, part) alone, so that a
    run goes on after a kill as if nothing had been. Under `torchrun` every process draws its own
    part and gradients are averaged. `after(step)` is called when the weights have moved.
    call.model/history.json gets a line per check. Where the call has a folder `state/`, the run is
    saved there at each check and begun from there. Raises FloatingPointError where no check is
    finite."""
    rank, _ = join()
    model.to(device())
    parameters = [p for p in model.parameters() if p.requires_grad]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    averaged = {name: t.clone() for name, t in model.state_dict().items() if schedule.average}
    state = TrainingState(call.root / "state", model, moments, averaged, {})
    progress = state.read(device()) or {"step": 0, "running": 0.0, "history": []}
    history, running, done = progress["history"], progress["running"], progress["step"]
    if done:
        print(f"going on after step {done}", flush=True)
    steps, every, began = schedule.steps, math.ceil(schedule.steps / CHECKS), time.monotonic()

    for step in range(done + 1, steps + 1):
        value = _gradients(call, model, parameters, draw_batch, loss, schedule, step)
        now = learning_rate_at(step, steps, schedule.learning_rate, schedule.warm_up)
        adamw(parameters, moments, step, now, schedule.weight_decay, schedule.betas)
        if averaged:
            ema_update(averaged, model, warm_momentum(schedule.average, step))
        after(step)
        running += (value - running) / ((step - 1) % every + 1)
        _show(step, steps, value, began, done)
        if step % every and step != steps:
            continue
        found = _checked(model, averaged, check)
        history.append(
            {"step": step, "learning_rate": now, "training": running, "validation": found}
        )
        print(f"step {step}/{steps}: training {running:.4f}, validation {found:.4f}", flush=True)
        lowest = min(range(len(history)), key=lambda k: (_finite(history[k]["validation"]), -k))
        if lowest == len(history) - 1 and math.isfinite(found):
            state.best.update({n: t.clone() for n, t in (averaged or model.state_dict()).items()})
        if rank == 0:
            state.write({"step": step, "running": running, "history": history})
        if len(history) - 1 - lowest >= schedule.patience:
            print(f"no lower validation loss in {schedule.patience} checks: stopped", flush=True)
            break
    _finish(call, model, state.best, history, rank)


def _gradients(
    call: Call,
    model: nn.Module,
    parameters: list[nn.Parameter],
    draw_batch: Callable[[np.random.Generator], Any],
    loss: Callable[[Any], torch.Tensor],
    schedule: Schedule,
    step: int,
) -> float:
    """Leave the clipped gradient of a step's batches in `parameters`; returns their mean loss."""
    rank, size = join()
    model.train()
    for parameter in parameters:
        parameter.grad = None
    value = 0.0
    for part in range(schedule.accumulate):
        seeds = [call.seed, step, part * size + rank]
        torch.manual_seed(int(np.random.SeedSequence(seeds).generate_state(1)[0]))
        batch = place(draw_batch(np.random.default_rng([call.seed, 1, *seeds[1:]])))
        with torch.autocast(device().type, torch.bfloat16, enabled=device().type == "cuda"):
            loss_of_part = loss(batch)
        (loss_of_part / schedule.accumulate).backward()
        value += loss_of_part.item() / schedule.accumulate
    if size > 1:
        _average_gradients(parameters, size)
    nn.utils.clip_grad_norm_(parameters, schedule.clip)
    return value


def _finish(
    call: Call, model: nn.Module, best: Tensors, history: list[dict[str, float]], rank: int
) -> None:
    """Put the best weights into the model, and with the history on disk."""
    if not best:
        raise FloatingPointError("no validation check was finite: the training diverged")
    model.load_state_dict(best)
    model.eval()
    if rank == 0:
        save(call.model / MODEL, best)
        (call.model / "history.json").write_text(json.dumps(history, indent=1) + "\n")


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
