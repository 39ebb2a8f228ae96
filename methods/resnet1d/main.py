"""A plain supervised row: a small residual network for each task, trained from nothing."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import beats as heart
import masks
import numpy as np
import torch
from network import Completion, Heartbeat, completion_loss, highpass, load, save
from torch import nn
from torch.nn import functional

from methods.kit.exchange import CLASSES, Call, Record, Windows, read_json, read_records, read_windows, serve

CHECKS = 8  # how often a fit looks at the validation patients
MODEL = "model.safetensors"


def adamw(parameters: list[nn.Parameter], moments: list[tuple], step: int, rate: float) -> None:
    """One step of AdamW (Loshchilov & Hutter 2019), in place; torch.optim imports its compiler first, 1 s a fit."""
    first, second, decay = 0.9, 0.999, 1e-2
    with torch.no_grad():
        for parameter, (mean, square) in zip(parameters, moments, strict=True):
            gradient = parameter.grad
            if gradient is None:
                raise RuntimeError("a trainable tensor has no gradient")
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            spread = (square / (1 - second**step)).sqrt_().add_(1e-8)
            parameter.mul_(1 - rate * decay).addcdiv_(mean, spread, value=-rate / (1 - first**step))


def train(
    model: nn.Module, batches: Iterator[Any], loss: Callable[[Any], torch.Tensor], check: Callable[[], float],
    steps: int, rate: float,
) -> None:  # fmt: skip
    """Descend for `steps` steps (warm-up, then cosine), then put back the weights with the lowest `check()`."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    warm = max(1, min(50, steps // 10))
    every = math.ceil(steps / CHECKS)
    best, kept = math.inf, {}
    mean = 0.0
    for step in range(1, steps + 1):
        model.train()
        value = loss(next(batches))
        model.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        adamw(parameters, moments, step, rate * min(step / warm, 0.5 + 0.5 * math.cos(math.pi * (step - 1) / steps)))
        mean += (value.item() - mean) / ((step - 1) % every + 1)
        if step % every == 0 or step == steps:
            model.eval()
            with torch.inference_mode():
                found = check()
            print(f"step {step}/{steps}: training {mean:.4f}, validation {found:.4f}", flush=True)
            if found <= best:
                best, kept = found, copy.deepcopy(model.state_dict())
    if not kept:
        raise FloatingPointError("no validation check was finite: the training diverged")
    model.load_state_dict(kept)


def steps_within(call: Call, batch: int) -> int:
    """Steps of `batch` windows that the call's budget allows."""
    return max(1, min(call.budget["steps"], call.budget["windows"] // batch))


# ---------------------------------------------------------------------------------------------------- completion


def inputs_of(windows: np.ndarray, kinds: list[dict[str, Any]], rate: float) -> tuple[torch.Tensor, ...]:
    """What the network sees of windows (n, leads, samples) with NaN where hidden, and what its answer is added to.

    Returns the input (n, 2 * leads + 1, samples): classical estimate, high-passed and divided by its deviation over
    visible samples; where the truth is visible; the noise's share of amplitude. Then the estimate in mV and the scale.
    """
    guess = torch.from_numpy(
        np.stack([masks.estimate(window, kind, rate) for window, kind in zip(windows, kinds, strict=True)])
    )
    noisy = torch.tensor([kind["hides"] == "noise" for kind in kinds])[:, None, None]
    seen = torch.from_numpy(~np.isnan(windows))
    filtered = highpass(guess, rate)
    power = (filtered**2 * seen).sum(-1) / seen.sum(-1).clamp(min=1)
    scale = power.sqrt().clamp(min=masks.SCALE_FLOOR)[..., None]
    level = torch.tensor([10 ** (-k["snr"] / 20) if k["hides"] == "noise" else 0.0 for k in kinds])
    level = level[:, None, None].expand(-1, 1, guess.shape[-1])
    known = (seen & ~noisy).float()
    return torch.cat([(filtered / scale).clamp(-20, 20), known, level], 1), guess, scale


def spoilt(
    clean: np.ndarray, power: np.ndarray, kind: dict[str, Any], noise: np.ndarray | None, rng: np.random.Generator,
    rate: float,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """One window (leads, samples) as `kind` would show it, and where it is to be estimated."""
    if kind["hides"] != "noise":
        hidden = masks.draw(kind, rng, clean.shape, rate)
        return np.where(hidden, np.float32(np.nan), clean), hidden
    if noise is None:
        raise FileNotFoundError(f"scenario {kind['name']!r} adds noise, but there is no data/noise.npy")
    added = masks.draw_noise(noise, rng, clean.shape)
    added_power = highpass(torch.from_numpy(added), rate).var(-1, correction=0).numpy()
    gain = np.sqrt(power / (added_power * 10 ** (kind["snr"] / 10)))
    return clean + gain[:, None].astype(np.float32) * added, np.ones(clean.shape, bool)


def fit_completion(call: Call) -> None:
    training, validation = (read_windows(call.data / part) for part in ("train", "validation"))
    rate = training.rate
    kinds = read_json(call.data / "scenarios.json")["scenarios"]
    path = call.data / "noise.npy"
    noise = np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None
    batch = call.params["windows"]
    steps = steps_within(call, batch)

    def prepared(windows: np.ndarray, chosen: list[dict[str, Any]], rng: np.random.Generator) -> tuple:
        power = highpass(torch.from_numpy(windows), rate).var(-1, correction=0).numpy()
        power = np.maximum(power, masks.SCALE_FLOOR**2)
        pairs = [spoilt(w, p, k, noise, rng, rate) for w, p, k in zip(windows, power, chosen, strict=True)]
        shown, wanted = (np.stack(part) for part in zip(*pairs, strict=True))
        x, guess, scale = inputs_of(shown, chosen, rate)
        return x, (torch.from_numpy(windows) - guess) / scale, torch.from_numpy(wanted)

    def batches() -> Iterator[tuple]:
        rng = np.random.default_rng([call.seed, 1])
        while True:
            picked = rng.integers(len(training.signal), size=batch)
            chosen = [kinds[k] for k in rng.integers(len(kinds), size=batch)]
            windows = np.asarray(training.signal[np.sort(picked)], np.float32)
            windows *= rng.choice(np.array([-1, 1], np.float32), size=(batch, windows.shape[1], 1))
            yield prepared(windows, chosen, rng)

    held = np.linspace(0, len(validation.signal) - 1, min(max(2 * batch, steps // 4), len(validation.signal)))
    asked = np.asarray(validation.signal[held.round().astype(int)], np.float32)
    fixed = [
        prepared(part, [kinds[(start + i) % len(kinds)] for i in range(len(part))], np.random.default_rng([7, start]))
        for start in range(0, len(asked), batch)
        for part in [asked[start : start + batch]]
    ]

    torch.manual_seed(call.seed)
    model = completion_model(call, training.signal.shape[1])
    train(
        model,
        batches(),
        lambda b: completion_loss(model(b[0]), b[1], b[2], rate),
        lambda: sum(len(x) * float(completion_loss(model(x), t, w, rate)) for x, t, w in fixed) / len(asked),
        steps,
        call.params["rate"],
    )
    save(call.model / MODEL, model)


def completion_model(call: Call, leads: int) -> Completion:
    return Completion(leads, call.params["widths"], call.params["frozen_encoder"])


def predict_completion(case: Windows, call: Call) -> np.ndarray:
    if case.scenario is None:
        raise ValueError(f"{call.case} holds no scenario")
    model = load(call.model / MODEL, completion_model(call, case.signal.shape[1]))
    completed = np.array(case.signal, np.float32)
    for start in range(0, len(completed), 64):
        part = completed[start : start + 64]
        x, guess, scale = inputs_of(part, [case.scenario] * len(part), case.rate)
        with torch.inference_mode():
            answer = (guess + scale * model(x)).numpy()
        part[...] = np.where(case.wanted(slice(start, start + 64)), answer, part)
    return completed


# ------------------------------------------------------------------------------------------------ classification


def seen_beats(record: Record) -> tuple[np.ndarray, np.ndarray]:
    filtered = highpass(torch.from_numpy(np.array(record.signal, np.float32)), record.rate).numpy()
    return heart.views(filtered, record.beats, record.rate), heart.rhythm(record.beats, record.rate)


def gathered(records: list[Record]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Views, rhythm, labels and patient of every beat of `records`."""
    pairs = [seen_beats(record) for record in records]
    labels = [record.labels for record in records if record.labels is not None]
    patients = [np.full(len(r.beats), -1 if r.patient is None else r.patient) for r in records]
    return (
        np.concatenate([p[0] for p in pairs]),
        np.concatenate([p[1] for p in pairs]),
        np.concatenate(labels).astype(np.int64),
        np.concatenate(patients),
    )


def heartbeat_model(call: Call, leads: int) -> Heartbeat:
    return Heartbeat(2 * leads, heart.FEATURES, len(CLASSES), call.params["widths"], call.params["frozen_encoder"])


def sampling(labels: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Chance of each beat: classes by the root of their size, and so the patients within a class."""
    chance = np.zeros(len(labels))
    for label in np.unique(labels):
        among = labels == label
        _, where, counts = np.unique(patients[among], return_inverse=True, return_counts=True)
        chance[among] = np.sqrt(among.sum()) * (counts**-0.5)[where] / np.sqrt(counts).sum()
    return chance / chance.sum()


def best_macro_f1(log_p: np.ndarray, labels: np.ndarray, weights: np.ndarray, prior: np.ndarray) -> float:
    """Macro-F1 over N, S, V, F of argmax(log p - tau log prior) at the best tau of {0, .1, ..., 1}."""
    found = []
    for tau in np.arange(11) / 10:
        said = (log_p - tau * np.log(prior)).argmax(1)
        table = np.zeros((len(CLASSES), len(CLASSES)))
        np.add.at(table, (labels, said), weights)
        found.append((2 * np.diag(table) / np.maximum(table.sum(0) + table.sum(1), 1e-9))[:4].mean())
    return max(found)


def fit_classification(call: Call) -> None:
    views, rhythm, labels, patients = gathered(read_records(call.data / "train"))
    held_views, held_rhythm, held_labels, _ = gathered(read_records(call.data / "validation"))
    batch = call.params["beats"]
    steps = steps_within(call, batch)
    counts = np.bincount(labels, minlength=len(CLASSES)) + 1.0
    chance = sampling(labels, patients)
    drawn = np.bincount(labels, chance, minlength=len(CLASSES)) + 1 / len(labels)
    prior = counts / counts.sum()

    # Every rare beat and some normal ones stand for the validation patients.
    thin = max(1, int((held_labels == 0).sum()) // max(200, steps))
    kept = np.flatnonzero((held_labels != 0) | (np.cumsum(held_labels == 0) % thin == 0))
    weights = np.where(held_labels[kept] == 0, float(thin), 1.0)

    torch.manual_seed(call.seed)
    model = heartbeat_model(call, views.shape[1] // 2)
    model.shift.copy_(torch.from_numpy(np.log(prior) - np.log(drawn / drawn.sum())))

    def batches() -> Iterator[tuple[torch.Tensor, ...]]:
        rng = np.random.default_rng([call.seed, 1])
        while True:
            picked = rng.choice(len(labels), size=batch, p=chance)
            gain = rng.lognormal(0, 0.15, (batch, views.shape[1] // 2, 1))
            shown = views[picked] * np.tile(gain, (1, 2, 1)).astype(np.float32)
            shown += rng.normal(0, 0.02, shown.shape).astype(np.float32)
            beat = rhythm[picked] + rng.normal(0, 0.1, (batch, heart.FEATURES)).astype(np.float32)
            yield torch.from_numpy(shown), torch.from_numpy(beat), torch.from_numpy(labels[picked])

    def check() -> float:
        log_p = log_probabilities(model, held_views[kept], held_rhythm[kept])
        return 1 - best_macro_f1(log_p, held_labels[kept], weights, prior)

    train(
        model,
        batches(),
        lambda b: functional.cross_entropy(model(b[0], b[1]), b[2]),
        check,
        steps,
        call.params["rate"],
    )
    save(call.model / MODEL, model)


def log_probabilities(model: Heartbeat, views: np.ndarray, rhythm: np.ndarray) -> np.ndarray:
    """(beats, classes) under the frequencies of the training set."""
    parts = [
        torch.log_softmax(
            model(torch.from_numpy(views[s : s + 512]), torch.from_numpy(rhythm[s : s + 512])) + model.shift, 1
        )
        for s in range(0, len(views), 512)
    ]
    return torch.cat(parts).numpy()


def predict_classification(records: list[Record], call: Call) -> np.ndarray:
    model = load(call.model / MODEL, heartbeat_model(call, len(records[0].leads)))
    with torch.inference_mode():
        found = [np.exp(log_probabilities(model, *seen_beats(r))) for r in records if len(r.beats)]
    return np.concatenate(found) if found else np.zeros((0, len(CLASSES)), np.float32)


def fit(call: Call) -> None:
    torch.set_num_threads(1)
    (fit_classification if call.task == "classification" else fit_completion)(call)


def predict(case: Any, call: Call) -> np.ndarray:
    # One thread is what makes equal seeds equal bytes; torch.use_deterministic_algorithms would import the compiler.
    torch.set_num_threads(1)
    return (predict_classification if call.task == "classification" else predict_completion)(case, call)


if __name__ == "__main__":
    serve(predict, fit)
