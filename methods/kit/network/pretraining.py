"""What pretrainings share: scaled windows of training patients, the channels of the later tasks,
and the way of the weights into them."""

from collections.abc import Callable

import numpy as np
import torch

from methods.kit.exchange import Call, read_windows
from methods.kit.network.checkpoints import Network, load_part
from methods.kit.network.completion import FLOOR_MV, Build, drawn_windows, highpass, windows_at
from methods.kit.network.layers import Completion, Encoder, Transformer
from methods.kit.network.training import MODEL, place, steps_within, train

Ask = Callable[[torch.Tensor, torch.Tensor, np.random.Generator], tuple]


def scaled(windows: np.ndarray, rate: float) -> torch.Tensor:
    """Windows (windows, leads, samples) in mV without their baseline, in units of each lead's
    deviation."""
    level = highpass(torch.from_numpy(windows), rate)
    return (level / level.std(-1, keepdim=True, correction=0).clamp(min=FLOOR_MV)).clamp(-20, 20)


def channels(signal: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Scaled windows (windows, leads, samples) and what is visible of them to the channels of
    `methods.kit.network.completion`: zeros where hidden, no usual beat, no noise."""
    empty = torch.zeros_like(signal)
    return torch.cat(
        [torch.where(seen, signal, 0.0), empty, seen.to(signal.dtype), empty[:, :1]], 1
    )


def pretrain(
    call: Call,
    build: Callable[[int], Network],
    ask: Ask,
    after: Callable[[Network, int, int], None] = lambda model, step, steps: None,
) -> None:
    """Train `build(leads)`, a network around an `encoder` that maps what `ask` makes of scaled
    windows to its loss. Parts of the encoder that are for the tasks alone are its `fresh` ones:
    they stay as they are.

    `ask(windows, names, rng)` draws whatever is random about a question, names being the numbers of
    the leads (windows, leads); validation questions are drawn once. `after(model, step, steps)` is
    called when the weights have moved."""
    torch.set_num_threads(1)
    training, validation = (read_windows(call.data / part) for part in ("train", "validation"))
    batch = call.params["pretraining_windows"]
    steps = steps_within(call, batch)
    held = (
        np.linspace(0, len(validation.signal) - 1, min(4 * batch, len(validation.signal)))
        .round()
        .astype(int)
    )
    asked = []
    for number, part in enumerate(np.array_split(held, max(1, len(held) // batch))):
        windows, names = windows_at(validation, part)
        asked.append(ask(scaled(windows, training.rate), names, np.random.default_rng([7, number])))
    torch.manual_seed(call.seed)
    model = build(training.signal.shape[1])
    for part in getattr(model.encoder, "fresh", ()):
        part.requires_grad_(False)

    def draw(rng: np.random.Generator) -> tuple:
        windows, names = drawn_windows(training, batch, rng)
        return ask(scaled(windows, training.rate), names, rng)

    train(
        call,
        model,
        draw,
        lambda question: model(*question),
        lambda: sum(float(model(*place(question))) for question in asked) / len(asked),
        steps=steps,
        rate=call.params["pretraining_rate"],
        decay=0.05,
        betas=(0.9, 0.95),
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
    own), and frozen under the `linear` protocol, but for what is `fresh`. Raises RuntimeError where
    the pretraining's weights are missing or don't fit."""
    if call.verb == "fit":
        load_part(call.pretrained / MODEL, encoder, "encoder")
    encoder.requires_grad_(call.params["protocol"] == "finetune")
    for part in encoder.fresh:
        part.requires_grad_(True)
    return encoder
