"""What learned classifiers share: windows that judge each beat once, rhythm, and the weight of a beat in the loss."""

import numpy as np
import pytest
import torch

from methods.kit import forest, heartbeats
from methods.kit.exchange import Record
from methods.kit.layers import Encoder

from .signals import RATE, trace


def record(seconds: float = 61.3, seed: int = 0) -> Record:
    signal, beats = trace(np.random.default_rng(seed), seconds)
    labels = (np.arange(len(beats)) % 9 // 6).astype(np.uint8)
    return Record(signal, ["MLII", "V1"], RATE, beats, labels, seed)


def seen_of(one: Record) -> heartbeats.Seen:
    """`one` beside an estimate that says nothing."""
    return heartbeats.seen(one, np.full((1, len(one.beats), 5), -np.log(5), np.float32))


class Sums(Encoder):
    """An encoder whose tokens are the mean of each 10 samples."""

    width, stride = 7, 10

    def forward(self, x: torch.Tensor, names: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (-1, 10)).mean(-1).transpose(1, 2)


@pytest.mark.parametrize("seconds", [4, 10, 11, 17.9, 61.3])
def test_every_beat_is_judged_once_in_its_order(seconds: float):
    """X-7, T2-20."""
    seen = seen_of(record(seconds))
    found = heartbeats.tiles(seen, RATE)
    np.testing.assert_array_equal(np.concatenate([beats for _, beats in found]), np.arange(len(seen.beats)))
    for start, beats in found:
        inside = seen.beats[beats] - start
        assert (inside >= 0).all() and (inside < 2500).all()
        last = seen.channels.shape[1] - 2500
        assert start == 0 or inside.min() >= 250
        assert start == last or inside.max() < 2250


def test_a_beat_is_classified_by_the_tokens_around_its_mark():
    """T2-3: the window around an annotated beat carries that beat's class, and no other sample does."""
    torch.manual_seed(0)
    seen = seen_of(record())
    model = heartbeats.Heartbeat(Sums(), RATE).eval()
    torch.nn.init.normal_(model.head[-1].weight)  # type: ignore[arg-type]
    before = heartbeats.log_probabilities(model, seen, RATE)
    assert before.shape == (len(seen.beats), 5)
    mark = seen.beats[20]
    seen.channels[:, mark - 20 : mark + 20] += 1
    changed = np.flatnonzero(np.abs(heartbeats.log_probabilities(model, seen, RATE) - before).max(1) > 1e-6)
    assert changed.tolist() == [20]


def test_the_usual_beat_stands_at_every_mark():
    seen = seen_of(record())
    signal, usual = seen.channels[:2, 500:-500], seen.channels[2:, 500:-500]
    assert np.mean((signal - usual) ** 2) < 0.2 * np.mean(signal**2)


def test_records_without_beats_and_flat_leads_are_finite():
    """X-11."""
    flat = np.zeros((2, 3000), np.float32)
    for marks in ([], [3], [3, 500], [3, 3, 500, 999]):
        seen = seen_of(Record(flat, ["I", "II"], RATE, np.array(marks, np.int64), None, None))
        assert np.isfinite(seen.channels).all() and np.isfinite(seen.context).all()
        assert len(heartbeats.log_probabilities(heartbeats.Heartbeat(Sums(), RATE).eval(), seen, RATE)) == len(marks)


def test_what_is_known_of_a_beat_is_relative_to_its_record():
    """Neither gain nor polarity of a lead changes it, and a later beat is known as such."""
    one = record()
    found = heartbeats.context_of(one)[0]
    assert found.shape == (len(one.beats), heartbeats.FEATURES)
    turned = Record(one.signal * np.float32(-2), one.leads, RATE, one.beats, None, None)
    np.testing.assert_allclose(heartbeats.context_of(turned)[0], found, atol=0.02)
    late = one.beats.copy()
    late[20] += 60
    moved = np.abs(heartbeats.context_of(Record(one.signal, one.leads, RATE, late, None, None))[0] - found).max(1)
    assert np.argmax(moved) in (19, 20, 21)


def test_an_untrained_head_says_what_the_forest_says():
    one = record()
    estimate = np.log(np.random.default_rng(3).dirichlet(np.ones(5), (1, len(one.beats)))).astype(np.float32)
    model = heartbeats.Heartbeat(Sums(), RATE).eval()
    model.shift.copy_(torch.randn(5))
    found = heartbeats.log_probabilities(model, heartbeats.seen(one, estimate), RATE)
    np.testing.assert_allclose(found, estimate[0], atol=1e-5)


def test_no_beat_is_estimated_by_a_forest_that_has_seen_its_patient():
    """Classes that are noise can't be told of a patient left out, but of one that a forest has seen."""
    rng = np.random.default_rng(4)
    lessons = [
        (np.tile(rng.normal(size=(300, 4)), (2, 1)).astype(np.float32), np.tile(rng.integers(0, 2, 300), 2))
        for _ in range(6)
    ]
    labels = [lesson[1][:300] for lesson in lessons]
    found = heartbeats.estimates(lessons, [5, 5, 7, 8, 9, 11], 0)
    right = np.mean([np.mean(p.argmax(2) == y) for p, y in zip(found, labels, strict=True)])
    assert right < 0.6
    trees = forest.grow(lessons, rng, **heartbeats.FOREST)
    assert np.mean(heartbeats.estimated(trees, lessons[0][0][:300]).argmax(2) == labels[0]) > 0.75
    with pytest.raises(ValueError, match="two patients or more, found those of patient 5 alone"):
        heartbeats.estimates(lessons[:2], [5, 5], 0)


def test_a_beat_is_known_relative_to_its_record_and_to_the_piece_around_it():
    one = record(200)
    assert len(one.beats) > 150
    seen = heartbeats.seen(one, np.stack([np.zeros((len(one.beats), 5)), np.ones((len(one.beats), 5))]))
    assert seen.context.shape == (2, len(one.beats), heartbeats.FEATURES)
    batches = [heartbeats.batch_of([seen], [(0, 0, np.arange(3), to)], RATE) for to in (0, 1)]
    for part in range(4):
        assert torch.equal(batches[0][part], batches[1][part]), "the window is the same"
    for to, batch in enumerate(batches):
        np.testing.assert_array_equal(batch[4], seen.context[to, :3])
        np.testing.assert_array_equal(batch[5], np.full((3, 5), to))
    assert not torch.equal(batches[0][4], batches[1][4])


def test_shares_grow_with_the_root_of_classes_and_patients():
    labels = np.repeat([0, 1], [400, 100])
    patients = np.r_[np.repeat([0, 1], [360, 40]), np.zeros(100)]
    share = heartbeats.sampling(labels, patients)
    assert np.isclose(share.sum(), 1)
    assert np.isclose(share[labels == 0].sum() / share[labels == 1].sum(), 2)
    assert np.isclose(share[:360].sum() / share[360:400].sum(), 3)


def test_macro_f1_is_the_harness_own():
    from benchmarks.beat_metrics import decide

    rng = np.random.default_rng(1)
    log_p = np.log(rng.dirichlet(np.ones(5), 500))
    labels, prior = rng.integers(0, 5, 500), np.array([0.7, 0.1, 0.1, 0.05, 0.05])
    by_hand = []
    for tau in np.arange(11) / 10:
        said = decide(np.exp(log_p), prior, tau)
        pairs = [((said == c) & (labels == c), (said == c) | (labels == c)) for c in range(4)]
        by_hand.append(np.mean([2 * both.sum() / (both.sum() + either.sum()) for both, either in pairs]))
    assert np.isclose(heartbeats.best_macro_f1(log_p, labels, prior), max(by_hand))
