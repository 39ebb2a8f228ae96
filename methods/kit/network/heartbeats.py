"""What learned classifiers of heartbeats share: windows of whole records, the rhythm beside them,
and a beat head.

A window is encoded once and every beat in it is classified from the tokens around its mark, so that
an encoder that has learnt to complete windows classifies beats as it is. It sees the channels of
`methods.kit.network.completion`: the leads, the same leads made of nothing but the record's
median beat, ones (all is visible) and zeros (no noise).

Beside the tokens the head gets what of a beat means the same in every record
(`methods.kit.signal.beat_features.relative`). It learns each beat with its rhythm relative to the
whole record and to the short piece around it: in a piece a run of S beats can be most of the
record, as no whole training record has it.

The head is ours: a perceptron with dropout (Srivastava et al. 2014) over the encoder's tokens and
the intervals and likenesses by which de Chazal et al. 2004 (doi:10.1109/TBME.2004.827359) classify.
What it gets was chosen by a table made once, while the kit was written. Patients of mitdb's DS1,
left out in four groups, by the head alone (tokens of a pretrained encoder that stays as it is, 600
steps of 192 beats, two seeds; macro-F1 over N, S and V, as all F of DS1 but 40 are one patient's;
"runs": F1 of S at tau .3 where S is 30 to 90 % of the 60 beats around):

                                            macro-F1     AP of S      AP of V      runs
    a forest of 60 trees, shapes and all    .816         .67          .959         .55
    what is relative (28), no tokens        .842, .831   .56, .54     .946, .946   .51, .51
    rhythm alone (24), 16 numbers of tokens .804, .832   .36, .54     .954, .950   .27, .38
    relative and 16 numbers of tokens       .814, .812   .42, .42     .957, .960   .34, .33
    relative and 4 numbers of tokens        .828, .833   .54, .56     .951, .964   .42, .42

So tokens say more of V and less of S, each patient's shapes being learnt by heart: four numbers of
them are taken."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from methods.kit.contract.call import Call
from methods.kit.contract.records import CLASSES, Record, read_training
from methods.kit.network.beat_sampler import BeatSampler
from methods.kit.network.checkpoints import load
from methods.kit.network.completion import channels_of
from methods.kit.network.layers import Encoder
from methods.kit.network.record_inputs import (
    FEATURES,
    PIECE,
    WHOLE,
    RecordInputs,
    batch_of,
    record_inputs,
    tiles,
)
from methods.kit.network.training import MODEL, Schedule, device, place, steps_within, train

AROUND_S = (-0.3, 0.4)  # s around a beat's mark whose tokens the head sees: P wave to T wave
SHAPE = 4  # numbers that the tokens around a mark are squeezed to
NOISE = 0.2  # of their deviation that is added to the features while they are learnt from
SHAPELESS = 0.5  # of the beats that are learnt from their features alone
Build = Callable[[Call, int, int], Encoder]  # of the call, the leads and the channels


class Heartbeat(nn.Module):
    """An encoder with the beat head: the tokens around each mark, squeezed so that few shapes can
    be learnt by heart, and the beat's features to its class."""

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
        # training set (Menon et al. 2021, arXiv:2007.07314).
        self.shift = nn.Buffer(torch.zeros(len(CLASSES)))

    def forward(
        self,
        windows: torch.Tensor,
        lead_ids: torch.Tensor,
        window_of: torch.Tensor,
        marks: torch.Tensor,
        features: torch.Tensor,
    ) -> torch.Tensor:
        """Windows (windows, channels, samples) and their lead ids (windows, leads); of each beat
        its window, its sample there and its features (beats, FEATURES) -> (beats, classes), logits
        under the sampling of the training."""
        tokens = self.encoder(windows, lead_ids)
        positions = (marks // self.encoder.stride)[:, None] + self.offsets.to(marks.device)
        around = tokens[window_of[:, None], positions.clamp(0, tokens.shape[1] - 1)].flatten(1)
        features = ((features - self.mean) / self.deviation).clamp(-4, 4)
        shape = self.squeeze(around)
        if self.training:
            features = features + NOISE * torch.randn_like(features)
            # Shapes, each patient's own, would outweigh the rhythm.
            shape = shape * (torch.rand(len(shape), 1, device=shape.device) < 1 - SHAPELESS)
        return self.head(torch.cat([shape, features], 1))


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


@torch.inference_mode()
def log_probabilities(model: Heartbeat, record: RecordInputs, rate: float) -> np.ndarray:
    """(beats, classes) under the frequencies of the training set."""
    questions = tiles(record, rate)
    parts = []
    for first in range(0, len(questions), 32):
        inputs = batch_of([record], questions[first : first + 32], rate)
        logits = model(*place(inputs)) + model.shift
        parts.append(torch.log_softmax(logits.float(), 1).cpu())
    return torch.cat(parts).numpy() if parts else np.zeros((0, len(CLASSES)), np.float32)


def begun(call: Call, build: Build, sampler: BeatSampler, prior: np.ndarray) -> Heartbeat:
    """The network before it is trained, which knows the scale of the features and how far the
    sampling of the classes lies from `prior` (classes,)."""
    torch.manual_seed(call.seed)
    leads = len(sampler.records[0].lead_ids)
    model = Heartbeat(build(call, leads, channels_of(leads)), sampler.rate)
    drawn = np.bincount(sampler.labels, sampler.share, minlength=len(CLASSES))
    drawn += 1 / len(sampler.labels)
    model.shift.copy_(torch.from_numpy(np.log(prior) - np.log(drawn / drawn.sum())))
    features = np.concatenate([each.features.reshape(-1, FEATURES) for each in sampler.records])
    model.mean.copy_(torch.from_numpy(features.mean(0)))
    model.deviation.copy_(torch.from_numpy(features.std(0) + 1e-3))
    return model


def fit(call: Call, build: Build) -> None:
    """Train the encoder of `build` with a beat head."""
    given, labels = read_training(call.data / "train")
    held, held_labels = read_training(call.data / "validation")
    labels, held_labels = labels.astype(np.int64), held_labels.astype(np.int64)
    rate, batch_size = given[0].rate, call.params["batch_size"]
    records = [record_inputs(record, (WHOLE, PIECE)) for record in given]
    validation = [record_inputs(record) for record in held]
    numbers = [-1 if record.patient is None else record.patient for record in given]
    patients = np.repeat(numbers, [len(record.beats) for record in given])
    sampler = BeatSampler(records, labels, patients, rate)
    counts = np.bincount(labels, minlength=len(CLASSES)) + 1.0
    prior = counts / counts.sum()
    model = begun(call, build, sampler, prior)

    def loss(part: tuple) -> torch.Tensor:
        *inputs, target, weights = part
        each = functional.cross_entropy(model(*inputs).float(), target, reduction="none")
        return (each * weights).sum() / weights.sum()

    def check() -> float:
        log_p = np.concatenate([log_probabilities(model, each, rate) for each in validation])
        return 1 - best_macro_f1(log_p, held_labels, prior)

    schedule = Schedule(steps_within(call, batch_size), call.params["learning_rate"])
    train(call, model, lambda rng: sampler.batch(batch_size, rng), loss, check, schedule)


def predict(records: list[Record], call: Call, build: Build) -> np.ndarray:
    """(beats, classes) probabilities of the beats of all records."""
    leads = len(records[0].leads)
    model = load(
        call.model / MODEL, Heartbeat(build(call, leads, channels_of(leads)), records[0].rate)
    ).to(device())
    found = [
        np.exp(log_probabilities(model, record_inputs(record), record.rate))
        for record in records
        if len(record.beats)
    ]
    return np.concatenate(found) if found else np.zeros((0, len(CLASSES)), np.float32)
