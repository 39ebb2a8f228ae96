"""What pretrainings share: scaled windows of training patients, the channels of the later tasks,
and the way of the weights into them."""

from collections.abc import Callable

import numpy as np
import torch

from methods.kit.contract.call import Call
from methods.kit.contract.windows import read_windows
from methods.kit.network.checkpoints import Network, load_part
from methods.kit.network.completion import (
    FLOOR_MV,
    Build,
    drawn_windows,
    highpass,
    spread,
    windows_at,
)
from methods.kit.network.layers import Completion, Encoder, Transformer
from methods.kit.network.training import MODEL, Schedule, place, steps_within, train

Ask = Callable[[torch.Tensor, torch.Tensor, np.random.Generator], tuple]


def scaled(windows: np.ndarray, rate: float) -> torch.Tensor:
    """Windows (windows, leads, samples) in mV without their baseline, in units of each lead's
    deviation."""
    level = highpass(torch.from_numpy(windows), rate)
    return (level / level.std(-1, keepdim=True, correction=0).clamp(min=FLOOR_MV)).clamp(-20, 20)


def channels(signal: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Scaled windows (windows, leads, samples) and what is visible of them to the channels of
    `methods.kit.network.completion`: zeros where hidden, no median beat, no noise."""
    empty = torch.zeros_like(signal)
    return torch.cat(
        [torch.where(visible, signal, 0.0), empty, visible.to(signal.dtype), empty[:, :1]], 1
    )


def pretrain(
    call: Call,
    build: Callable[[int], Network],
    ask: Ask,
    after: Callable[[Network, int, int], None] = lambda model, step, steps: None,
) -> None:
    """Train `build(leads)`, a network around an `encoder` that maps what `ask` makes of scaled
    windows to its loss. The encoder's
    `task_layers` stay as they are.

    `ask(windows, lead_ids, rng)` draws whatever is random about a question; validation questions
    are drawn once. `after(model, step, steps)` is called when the weights have moved."""
    training, validation = (read_windows(call.data / part) for part in ("train", "validation"))
    batch_size = call.params["pretraining_batch_size"]
    chosen = spread(validation, 4 * batch_size)
    asked = []
    for number, part in enumerate(np.array_split(chosen, max(1, len(chosen) // batch_size))):
        windows, ids = windows_at(validation, part)
        asked.append(ask(scaled(windows, training.rate), ids, np.random.default_rng([7, number])))
    torch.manual_seed(call.seed)
    model = build(training.signal.shape[1])
    for part in getattr(model.encoder, "task_layers", ()):
        part.requires_grad_(False)

    def draw_batch(rng: np.random.Generator) -> tuple:
        windows, ids = drawn_windows(training, batch_size, rng)
        return ask(scaled(windows, training.rate), ids, rng)

    steps = steps_within(call, batch_size)
    train(
        call,
        model,
        draw_batch,
        lambda question: model(*question),
        lambda: sum(float(model(*place(question))) for question in asked) / len(asked),
        Schedule(steps, call.params["pretraining_learning_rate"], 0.05, betas=(0.9, 0.95)),
        after=lambda step: after(model, step, steps),
    )


def transformer(call: Call, channels: int) -> Transformer:
    """The standard encoder: every row of this size is compared with `transformer` trained from
    nothing."""
    return Transformer(channels, call.params["width"], call.params["depth"], call.params["heads"])


def networks(
    build: Callable[[Call, int], Encoder] = transformer,
) -> tuple[Callable[..., Encoder], Build]:
    """What `methods.kit.network.method.run` needs of a method whose encoder `build(call, channels)`
    was pretrained: the encoder, and the same with the patch decoder."""

    def encode(call: Call, leads: int, channels: int) -> Encoder:
        return pretrained(call, build(call, channels))

    def complete(call: Call, leads: int, channels: int) -> Completion:
        return Completion(encode(call, leads, channels), channels, leads)

    return encode, complete


def pretrained(call: Call, encoder: Encoder) -> Encoder:
    """`encoder` with the weights of the pretraining where it is to be fitted (a prediction has its
    own), and frozen under the `linear` protocol, but for its `task_layers`. Raises RuntimeError
    where the pretraining's weights are missing or don't fit."""
    if call.verb == "fit":
        load_part(call.pretrained / MODEL, encoder, "encoder")
    encoder.requires_grad_(call.params["protocol"] == "finetune")
    for part in encoder.task_layers:
        part.requires_grad_(True)
    return encoder
