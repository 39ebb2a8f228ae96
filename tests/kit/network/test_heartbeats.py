"""What learned classifiers share: windows that judge each beat once, rhythm, and the weight of a
beat in the loss."""

import numpy as np
import pytest
import torch

from methods.kit.contract.records import Record
from methods.kit.network import heartbeats, record_inputs
from methods.kit.network.layers import Encoder
from methods.kit.signal.beat_features import relative
from tests.helpers.signals import RATE, trace


def record(seconds: float = 61.3, seed: int = 0) -> Record:
    signal, beats = trace(np.random.default_rng(seed), seconds)
    labels = (np.arange(len(beats)) % 9 // 6).astype(np.uint8)
    return Record(signal, ["MLII", "V1"], RATE, beats, labels, seed)


class Sums(Encoder):
    """An encoder whose tokens are the mean of each 10 samples."""

    width, stride = 7, 10

    def forward(self, x: torch.Tensor, lead_ids: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (-1, 10)).mean(-1).transpose(1, 2)


@pytest.mark.parametrize("seconds", [4, 10, 11, 17.9, 61.3])
def test_every_beat_is_judged_once_in_its_order(seconds: float):
    """Every annotated beat of a record is judged, and each of them once (X-7, T2-20)."""
    inputs = record_inputs.record_inputs(record(seconds))
    found = record_inputs.tiles(inputs, RATE)
    np.testing.assert_array_equal(
        np.concatenate([beats for beats in (each.beats for each in found)]),
        np.arange(len(inputs.beats)),
    )
    for start, beats in ((each.start, each.beats) for each in found):
        inside = inputs.beats[beats] - start
        assert (inside >= 0).all()
        assert (inside < 2500).all()
        last = inputs.channels.shape[1] - 2500
        assert start == 0 or inside.min() >= 250
        assert start == last or inside.max() < 2250


def test_a_beat_is_classified_by_the_tokens_around_its_mark():
    """The window around an annotated beat carries that beat's class, and no other sample does
    (T2-3)."""
    torch.manual_seed(0)
    inputs = record_inputs.record_inputs(record())
    model = heartbeats.Heartbeat(Sums(), RATE).eval()
    before = heartbeats.log_probabilities(model, inputs, RATE)
    assert before.shape == (len(inputs.beats), 5)
    mark = inputs.beats[20]
    inputs.channels[:, mark - 20 : mark + 20] += 1
    changed = np.flatnonzero(
        np.abs(heartbeats.log_probabilities(model, inputs, RATE) - before).max(1) > 1e-6
    )
    assert changed.tolist() == [20]


def test_the_median_beat_stands_at_every_mark():
    inputs = record_inputs.record_inputs(record())
    signal, median = inputs.channels[:2, 500:-500], inputs.channels[2:, 500:-500]
    assert np.mean((signal - median) ** 2) < 0.2 * np.mean(signal**2)


def test_records_without_beats_and_flat_leads_are_finite():
    """Records with few beats, none, or flat leads get finite answers (X-11)."""
    flat = np.zeros((2, 3000), np.float32)
    for marks in ([], [3], [3, 500], [3, 3, 500, 999]):
        inputs = record_inputs.record_inputs(
            Record(flat, ["I", "II"], RATE, np.array(marks, np.int64), None, None)
        )
        assert np.isfinite(inputs.channels).all()
        assert np.isfinite(inputs.features).all()
        assert len(
            heartbeats.log_probabilities(heartbeats.Heartbeat(Sums(), RATE).eval(), inputs, RATE)
        ) == len(marks)


def test_what_is_known_of_a_beat_is_relative_to_its_record():
    """Neither gain nor polarity of a lead changes it, and a later beat is known as such."""
    one = record()
    found = record_inputs.features_of(one)[0]
    assert found.shape == (len(one.beats), record_inputs.FEATURES)
    turned = Record(one.signal * np.float32(-2), one.leads, RATE, one.beats, None, None)
    off = np.abs(record_inputs.features_of(turned)[0] - found)
    # These beats are so alike that their distances lie at the floor of 20 uV, which a gain of 2
    # moves by log 2 at most.
    rest = np.array([name.endswith("qrs-rest") for name in relative(one)])
    assert rest.sum() == 2
    assert off[:, ~rest].max() < 0.02
    assert off[:, rest].max() < np.log(2) + 0.02
    late = one.beats.copy()
    late[20] += 60
    moved = np.abs(
        record_inputs.features_of(Record(one.signal, one.leads, RATE, late, None, None))[0] - found
    ).max(1)
    assert np.argmax(moved) in (19, 20, 21)


def test_a_beat_is_learnt_relative_to_its_record_and_to_the_piece_around_it():
    one = record(200)
    assert len(one.beats) > 150
    inputs = record_inputs.record_inputs(one, (record_inputs.WHOLE, record_inputs.PIECE))
    assert inputs.features.shape == (2, len(one.beats), record_inputs.FEATURES)
    np.testing.assert_array_equal(inputs.features[0], record_inputs.features_of(one)[0])
    whole, piece = (
        record_inputs.batch_of([inputs], [record_inputs.Question(0, 0, np.arange(3), to)], RATE)
        for to in (0, 1)
    )
    for part in range(4):
        assert torch.equal(whole[part], piece[part]), "the window is the same"
    np.testing.assert_array_equal(np.stack([whole[4], piece[4]]), inputs.features[:, :3])
    assert not torch.equal(whole[4], piece[4])


def test_macro_f1_is_the_harness_own():
    from benchmarks.metrics.heartbeats import decide

    rng = np.random.default_rng(1)
    log_p = np.log(rng.dirichlet(np.ones(5), 500))
    labels, prior = rng.integers(0, 5, 500), np.array([0.7, 0.1, 0.1, 0.05, 0.05])
    by_hand = []
    for tau in np.arange(11) / 10:
        said = decide(np.exp(log_p), prior, tau)
        pairs = [((said == c) & (labels == c), (said == c) | (labels == c)) for c in range(4)]
        by_hand.append(
            np.mean([2 * both.sum() / (both.sum() + either.sum()) for both, either in pairs])
        )
    assert np.isclose(heartbeats.best_macro_f1(log_p, labels, prior), max(by_hand))
