"""What learned classifiers of heartbeats share: windows of whole records, the rhythm beside them,
and a beat head.

A window is encoded once and every beat in it is classified from the tokens around its mark, so that
an encoder that has learnt to complete windows classifies beats as it is. It sees the channels of
`methods.kit.network.completion`: the leads, the same leads made of nothing but the record's usual
beat, ones (all is visible) and zeros (no noise).

Beside the tokens the head gets what of a beat means the same in every record
(`methods.kit.signal.beat_features.relative`). It learns each beat with its rhythm relative to the
whole record and to the short piece around it: in a piece a run of S beats can be most of the
record, as no whole training record has it.

Patients of mitdb's DS1, left out in four groups, by the head alone (tokens of a pretrained encoder
that stays as it is, 600 steps of 192 beats, two seeds; macro-F1 over N, S and V, as all F of DS1
but 40 are one patient's; "runs": F1 of S at tau .3 where S is 30 to 90 % of the 60 beats around):

                                            macro-F1     AP of S      AP of V      runs
    a forest of 60 trees, shapes and all    .816         .67          .959         .55
    what is relative (28), no tokens        .842, .831   .56, .54     .946, .946   .51, .51
    rhythm alone (24), 16 numbers of tokens .804, .832   .36, .54     .954, .950   .27, .38
    relative and 16 numbers of tokens       .814, .812   .42, .42     .957, .960   .34, .33
    relative and 4 numbers of tokens        .828, .833   .54, .56     .951, .964   .42, .42

So tokens say more of V and less of S, each patient's shapes being learnt by heart: four numbers of
them are taken."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from methods.kit.exchange import CLASSES, Call, Record, read_records
from methods.kit.network.checkpoints import load
from methods.kit.network.completion import FLOOR_MV, channels_of, highpass
from methods.kit.network.layers import Encoder
from methods.kit.network.training import MODEL, device, place, steps_within, train
from methods.kit.signal import template
from methods.kit.signal.beat_features import relative
from methods.kit.signal.leads import numbers

WINDOW_S = 10.0
EDGE_S = 1.0  # s next to a window's ends in which no beat is judged, but at a record's ends
AROUND_S = (-0.3, 0.4)  # s around a beat's mark whose tokens the head sees
FEATURES = 28  # of `methods.kit.signal.beat_features.relative`
SHAPE = 4  # numbers that the tokens around a mark are squeezed to
NOISE = 0.2  # of their deviation that is added to the features while they are learnt from
# What a beat's rhythm is relative to: the record, or pieces of so many beats.
WHOLE, PIECE = None, 60
Build = Callable[[Call, int, int], Encoder]  # of the call, the leads and the channels


@dataclass(frozen=True)
class Seen:
    """A record as the network sees it."""

    channels: np.ndarray  # (2 * leads, samples) float32, in units of each lead's deviation
    beats: np.ndarray  # (beats,) samples
    # With the rhythm relative to the whole record, and where it is learnt from, to the piece around
    # each beat:
    known: np.ndarray  # (1 or 2, beats, FEATURES)
    names: np.ndarray  # (leads,) the numbers of its leads


def seen(record: Record, stretches: tuple[int | None, ...] = (WHOLE,)) -> Seen:
    """`record` filtered and scaled, beside its usual beat put at every mark."""
    filtered = highpass(torch.from_numpy(np.array(record.signal, np.float32)), record.rate).numpy()
    window = round(WINDOW_S * record.rate)
    parts = filtered[:, : max(1, filtered.shape[1] // window) * window]
    deviation = np.median(parts.reshape(len(parts), -1, min(window, parts.shape[1])).std(-1), 1)
    scaled = filtered / np.maximum(deviation, FLOOR_MV)[:, None]
    usual = np.zeros_like(scaled)
    beats = np.unique(record.beats)
    if len(beats) > 1:
        interval = float(np.median(np.diff(beats)))
        usual = np.nan_to_num(
            template.repeat(scaled, beats, beats, round(template.BEFORE * interval))
        )
    both = np.concatenate([scaled, usual]).clip(-20, 20).astype(np.float32)
    short = max(0, window - both.shape[1])
    both = np.pad(both, ((0, 0), (0, short)), mode="edge")
    return Seen(both, record.beats, known_of(record, stretches), numbers([record.leads])[0])


def known_of(record: Record, stretches: tuple[int | None, ...] = (WHOLE,)) -> np.ndarray:
    """What is known of each beat beside its tokens: (stretches, beats, FEATURES)."""
    if not len(record.beats):
        return np.zeros((len(stretches), 0, FEATURES), np.float32)
    known = np.stack(list(relative(record, stretches).values()), 1)
    return known.reshape(len(stretches), len(record.beats), FEATURES)


class Heartbeat(nn.Module):
    """An encoder with the beat head: the tokens around each mark, squeezed so that few shapes can
    be learnt by heart, and what is known of the beat to its class."""

    def __init__(self, encoder: Encoder, rate: float, width: int = 128) -> None:
        super().__init__()
        self.encoder = encoder
        token_s = encoder.stride / rate
        self.offsets = torch.arange(round(AROUND_S[0] / token_s), round(AROUND_S[1] / token_s) + 1)
        self.squeeze = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(len(self.offsets) * encoder.width, SHAPE)
        )
        self.head = nn.Sequential(
            nn.Linear(SHAPE + FEATURES, width),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(width, len(CLASSES)),
        )
        self.mean, self.deviation = (
            nn.Buffer(torch.zeros(FEATURES)),
            nn.Buffer(torch.ones(FEATURES)),
        )
        # Turns logits under the sampling of the training into logits under the frequencies of the
        # training set.
        self.shift = nn.Buffer(torch.zeros(len(CLASSES)))

    def forward(
        self,
        windows: torch.Tensor,
        names: torch.Tensor,
        which: torch.Tensor,
        marks: torch.Tensor,
        known: torch.Tensor,
    ) -> torch.Tensor:
        """Windows (windows, channels, samples) and their leads' numbers; of each beat its window,
        its sample there and what is known of it -> (beats, classes), logits under the sampling of
        the training."""
        tokens = self.encoder(windows, names)
        places = (marks // self.encoder.stride)[:, None] + self.offsets.to(marks.device)
        around = tokens[which[:, None], places.clamp(0, tokens.shape[1] - 1)].flatten(1)
        known = ((known - self.mean) / self.deviation).clamp(-4, 4)
        shape = self.squeeze(around)
        if self.training:
            known = known + NOISE * torch.randn_like(known)
            # Half of the beats are learnt without their shape: shapes, each patient's own, would
            # outweigh the rhythm.
            shape = shape * (torch.rand(len(shape), 1, device=shape.device) < 0.5)
        return self.head(torch.cat([shape, known], 1))


def sampling(labels: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Share of each beat in the loss: classes by the root of their size, and so the patients within
    a class."""
    share = np.zeros(len(labels))
    for label in np.unique(labels):
        among = labels == label
        _, where, counts = np.unique(patients[among], return_inverse=True, return_counts=True)
        share[among] = np.sqrt(among.sum()) * (counts**-0.5)[where] / np.sqrt(counts).sum()
    return share / share.sum()


def best_macro_f1(log_p: np.ndarray, labels: np.ndarray, prior: np.ndarray) -> float:
    """Macro-F1 over N, S, V, F of argmax(log p - tau log prior) at the best tau of {0, .1, ...,
    1}."""
    found = []
    for tau in np.arange(11) / 10:
        said = (log_p - tau * np.log(prior)).argmax(1)
        table = np.zeros((len(CLASSES), len(CLASSES)))
        np.add.at(table, (labels, said), 1)
        found.append(
            (2 * np.diag(table) / np.maximum(table.sum(0) + table.sum(1), 1e-9))[:4].mean()
        )
    return max(found)


def judged(record: Seen, start: int, rate: float) -> np.ndarray:
    """Indices of the beats that a window from sample `start` judges: those not near an end that the
    record goes on beyond."""
    window, edge, samples = round(WINDOW_S * rate), round(EDGE_S * rate), record.channels.shape[1]
    low = 0 if start == 0 else start + edge
    high = samples if start + window >= samples else start + window - edge
    return np.arange(np.searchsorted(record.beats, low), np.searchsorted(record.beats, high))


def batch_of(
    records: list[Seen], chosen: list[tuple[int, int, np.ndarray, int]], rate: float
) -> tuple[torch.Tensor, ...]:
    """What `Heartbeat` gets of windows, each a record's index, its first sample, the beats to judge
    and relative to what, 0 for the record or 1 for pieces."""
    window = round(WINDOW_S * rate)
    parts = []
    for number, start, _, _ in chosen:
        both = records[number].channels[:, start : start + window]
        constant = np.zeros((len(both) // 2 + 1, window), np.float32)
        constant[:-1] = 1.0
        parts.append(np.concatenate([both, constant]))
    names = np.stack([records[number].names for number, *_ in chosen])
    which = np.repeat(np.arange(len(chosen)), [len(beats) for _, _, beats, _ in chosen])
    marks = np.concatenate(
        [records[number].beats[beats] - start for number, start, beats, _ in chosen]
    )
    known = np.concatenate([records[number].known[to, beats] for number, _, beats, to in chosen])
    every = (np.stack(parts), names, which, marks.astype(np.int64), known)
    return tuple(torch.from_numpy(part) for part in every)


def tiles(record: Seen, rate: float) -> list[tuple[int, np.ndarray]]:
    """Windows that judge each beat of a record once: first sample and beats."""
    window, edge, samples = round(WINDOW_S * rate), round(EDGE_S * rate), record.channels.shape[1]
    starts = np.minimum(
        np.arange(0, max(1, samples - 2 * edge), window - 2 * edge), samples - window
    )
    found, done = [], 0
    for start in np.unique(starts):
        beats = judged(record, int(start), rate)
        beats = beats[beats >= done]
        if len(beats):
            found.append((int(start), beats))
            done = int(beats[-1]) + 1
    return found


@torch.inference_mode()
def log_probabilities(model: Heartbeat, record: Seen, rate: float) -> np.ndarray:
    """(beats, classes) under the frequencies of the training set."""
    chosen = [(0, start, beats, 0) for start, beats in tiles(record, rate)]
    parts = []
    for first in range(0, len(chosen), 32):
        inputs = batch_of([record], chosen[first : first + 32], rate)
        logits = model(*place(inputs)) + model.shift
        parts.append(torch.log_softmax(logits.float(), 1).cpu())
    return torch.cat(parts).numpy() if parts else np.zeros((0, len(CLASSES)), np.float32)


def fit(call: Call, build: Build) -> None:
    """Train the encoder of `build` with a beat head."""
    given, held = (read_records(call.data / part) for part in ("train", "validation"))
    given, held = ([record for record in part if len(record.beats)] for part in (given, held))
    rate, leads = given[0].rate, len(given[0].leads)
    records, asked = (
        [seen(record, (WHOLE, PIECE)) for record in given],
        [seen(record) for record in held],
    )
    of = [-1 if record.patient is None else record.patient for record in given]
    labels, held_labels = (
        np.concatenate([np.asarray(r.labels, np.int64) for r in part]) for part in (given, held)
    )
    patients = np.repeat(of, [len(record.beats) for record in given])
    batch = call.params["windows"]
    steps = steps_within(call, batch)
    share = sampling(labels, patients)
    counts = np.bincount(labels, minlength=len(CLASSES)) + 1.0
    prior = counts / counts.sum()
    drawn = np.bincount(labels, share, minlength=len(CLASSES)) + 1 / len(labels)

    torch.manual_seed(call.seed)
    model = Heartbeat(build(call, leads, channels_of(leads)), rate)
    model.shift.copy_(torch.from_numpy(np.log(prior) - np.log(drawn / drawn.sum())))
    known = np.concatenate([record.known.reshape(-1, FEATURES) for record in records])
    model.mean.copy_(torch.from_numpy(known.mean(0)))
    model.deviation.copy_(torch.from_numpy(known.std(0) + 1e-3))

    window = round(WINDOW_S * rate)
    firsts = np.cumsum([0, *(len(r.beats) for r in records)])
    centre = np.sqrt(share)
    centre /= centre.sum()
    # A beat is judged in a window centred on any of its neighbours, so it counts by its share over
    # that chance.
    chances = np.split(centre, firsts[1:-1])
    weight = share / np.concatenate(
        [_reach(r.beats, c, window) for r, c in zip(records, chances, strict=True)]
    )

    def draw(rng: np.random.Generator) -> tuple:
        chosen, weights, targets = [], [], []
        for beat in rng.choice(len(labels), size=batch, p=centre):
            number = int(np.searchsorted(firsts, beat, side="right")) - 1
            record = records[number]
            middle = record.beats[beat - firsts[number]] + rng.integers(-window // 3, window // 3)
            start = int(np.clip(middle - window // 2, 0, record.channels.shape[1] - window))
            beats = judged(record, start, rate)
            chosen.append((number, start, beats, int(rng.integers(2))))
            weights.append(weight[firsts[number] + beats])
            targets.append(labels[firsts[number] + beats])
        windows, names, which, marks, features = batch_of(records, chosen, rate)
        gain = torch.from_numpy(rng.lognormal(0, 0.15, (batch, leads, 1)).astype(np.float32))
        windows[:, : 2 * leads] *= gain.repeat(1, 2, 1)
        windows[:, :leads] += torch.from_numpy(
            rng.normal(0, 0.02, (batch, leads, window)).astype(np.float32)
        )
        counted = np.concatenate(weights).astype(np.float32)
        return windows, names, which, marks, features, np.concatenate(targets), counted

    def loss(part: tuple) -> torch.Tensor:
        *inputs, target, weights = part
        each = functional.cross_entropy(model(*inputs).float(), target, reduction="none")
        return (each * weights).sum() / weights.sum()

    def check() -> float:
        log_p = np.concatenate([log_probabilities(model, record, rate) for record in asked])
        return 1 - best_macro_f1(log_p, held_labels, prior)

    train(call, model, draw, loss, check, steps=steps, rate=call.params["rate"])


def _reach(beats: np.ndarray, chance: np.ndarray, window: int) -> np.ndarray:
    """Chance that a window drawn around a beat with `chance` (beats,) holds each beat, but for a
    constant."""
    sums = np.concatenate([[0], np.cumsum(chance)])
    low = np.searchsorted(beats, beats - window // 2)
    high = np.searchsorted(beats, beats + window // 2, side="right")
    return sums[high] - sums[low]


def predict(records: list[Record], call: Call, build: Build) -> np.ndarray:
    """(beats, classes) probabilities of the beats of all records."""
    leads = len(records[0].leads)
    model = load(
        call.model / MODEL, Heartbeat(build(call, leads, channels_of(leads)), records[0].rate)
    ).to(device())
    found = [
        np.exp(log_probabilities(model, seen(record), record.rate))
        for record in records
        if len(record.beats)
    ]
    return np.concatenate(found) if found else np.zeros((0, len(CLASSES)), np.float32)
