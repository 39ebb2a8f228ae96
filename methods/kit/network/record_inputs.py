"""Records as a network sees them, and the windows in which their beats are classified."""

from dataclasses import dataclass

import numpy as np
import torch

from methods.kit.contract.records import Record
from methods.kit.network.completion import FLOOR_MV, highpass
from methods.kit.signal import template
from methods.kit.signal.beat_features import relative
from methods.kit.signal.leads import lead_ids

WINDOW_S = 10.0  # s, as long as the windows of the completion tasks
EDGE_S = 1.0  # s next to a window's ends in which no beat is judged, but at a record's ends
FEATURES = 28  # of `methods.kit.signal.beat_features.relative`
# What a beat's rhythm is relative to: the record, or pieces of so many beats.
WHOLE, PIECE = None, 60


@dataclass(frozen=True)
class RecordInputs:
    """What a network gets of one record."""

    channels: np.ndarray  # (2 * leads, samples) float32, in units of each lead's deviation
    beats: np.ndarray  # (beats,) samples
    # With the rhythm relative to the whole record, and where it is learnt from, to the piece around
    # each beat:
    features: np.ndarray  # (1 or 2, beats, FEATURES)
    lead_ids: np.ndarray  # (leads,)


@dataclass(frozen=True)
class Question:
    """One window of a record whose beats are to be classified."""

    record: int  # its index
    start: int  # the window's first sample
    beats: np.ndarray  # indices of the beats to judge
    relative_to: int = 0  # 0: rhythm relative to the record, 1: to pieces of it


def record_inputs(record: Record, stretches: tuple[int | None, ...] = (WHOLE,)) -> RecordInputs:
    """`record` filtered and scaled, beside its median beat put at every mark."""
    filtered = highpass(torch.from_numpy(np.array(record.signal, np.float32)), record.rate).numpy()
    window = round(WINDOW_S * record.rate)
    parts = filtered[:, : max(1, filtered.shape[1] // window) * window]
    deviation = np.median(parts.reshape(len(parts), -1, min(window, parts.shape[1])).std(-1), 1)
    scaled = filtered / np.maximum(deviation, FLOOR_MV)[:, None]
    median = np.zeros_like(scaled)
    beats = np.unique(record.beats)
    if len(beats) > 1:
        interval = float(np.median(np.diff(beats)))
        median = np.nan_to_num(
            template.repeat(scaled, beats, beats, round(template.BEFORE * interval))
        )
    both = np.concatenate([scaled, median]).clip(-20, 20).astype(np.float32)
    short = max(0, window - both.shape[1])
    both = np.pad(both, ((0, 0), (0, short)), mode="edge")
    features = features_of(record, stretches)
    return RecordInputs(both, record.beats, features, lead_ids([record.leads])[0])


def features_of(record: Record, stretches: tuple[int | None, ...] = (WHOLE,)) -> np.ndarray:
    """What means the same in every record, of each beat: (stretches, beats, FEATURES)."""
    if not len(record.beats):
        return np.zeros((len(stretches), 0, FEATURES), np.float32)
    features = np.stack(list(relative(record, stretches).values()), 1)
    return features.reshape(len(stretches), len(record.beats), FEATURES)


def judged(record: RecordInputs, start: int, rate: float) -> np.ndarray:
    """Indices of the beats that a window from sample `start` judges: all but those within EDGE_S of
    an end of the window that is no end of the record."""
    window, edge, samples = round(WINDOW_S * rate), round(EDGE_S * rate), record.channels.shape[1]
    low = 0 if start == 0 else start + edge
    high = samples if start + window >= samples else start + window - edge
    return np.arange(np.searchsorted(record.beats, low), np.searchsorted(record.beats, high))


def tiles(record: RecordInputs, rate: float) -> list[Question]:
    """Windows that judge each beat of a record once, in order of time."""
    window, edge, samples = round(WINDOW_S * rate), round(EDGE_S * rate), record.channels.shape[1]
    starts = np.minimum(
        np.arange(0, max(1, samples - 2 * edge), window - 2 * edge), samples - window
    )
    found, done = [], 0
    for start in np.unique(starts):
        beats = judged(record, int(start), rate)
        beats = beats[beats >= done]
        if len(beats):
            found.append(Question(0, int(start), beats))
            done = int(beats[-1]) + 1
    return found


def batch_of(
    records: list[RecordInputs], questions: list[Question], rate: float
) -> tuple[torch.Tensor, ...]:
    """What `methods.kit.network.heartbeats.Heartbeat` gets of questions about `records`: windows
    (questions, channels, samples) and lead ids (questions, leads), then of each beat its window,
    its sample there and its features."""
    window = round(WINDOW_S * rate)
    windows = []
    for each in questions:
        both = records[each.record].channels[:, each.start : each.start + window]
        constant = np.zeros((len(both) // 2 + 1, window), np.float32)
        constant[:-1] = 1.0
        windows.append(np.concatenate([both, constant]))
    ids = np.stack([records[each.record].lead_ids for each in questions])
    window_of = np.repeat(np.arange(len(questions)), [len(each.beats) for each in questions])
    marks = np.concatenate(
        [records[each.record].beats[each.beats] - each.start for each in questions]
    )
    features = np.concatenate(
        [records[each.record].features[each.relative_to, each.beats] for each in questions]
    )
    parts = (np.stack(windows), ids, window_of, marks.astype(np.int64), features)
    return tuple(torch.from_numpy(part) for part in parts)
