"""The law of the sampler of beats: what each counts in the loss, and on average learns."""

import numpy as np

from methods.kit.contract.records import Record
from methods.kit.network import beat_sampler
from methods.kit.network.record_inputs import PIECE, WHOLE, record_inputs
from tests.helpers.signals import RATE, trace


def test_shares_grow_with_the_root_of_classes_and_patients():
    labels = np.repeat([0, 1], [400, 100])
    patients = np.r_[np.repeat([0, 1], [360, 40]), np.zeros(100)]
    share = beat_sampler.loss_weights(labels, patients)
    assert np.isclose(share.sum(), 1)
    assert np.isclose(share[labels == 0].sum() / share[labels == 1].sum(), 2)
    assert np.isclose(share[:360].sum() / share[360:400].sum(), 3)


def test_a_batch_weighs_beats_by_their_share_over_the_chance_to_be_met():
    records, labels = [], []
    for seed in (0, 1):
        signal, beats = trace(np.random.default_rng(seed), 61.3)
        labels.append(np.arange(len(beats)) % 9 // 6)
        records.append(Record(signal, ["MLII", "V1"], RATE, beats, labels[-1], seed))
    patients = np.repeat([0, 1], [len(part) for part in labels])
    inputs = [record_inputs(record, (WHOLE, PIECE)) for record in records]
    sampler = beat_sampler.BeatSampler(inputs, np.concatenate(labels), patients, RATE)
    windows, lead_ids, window_of, marks, features, targets, weights = sampler.batch(
        16, np.random.default_rng(2)
    )
    assert windows.shape == (16, 7, 2500)
    assert lead_ids.tolist() == [[1, 6]] * 16
    assert len(window_of) == len(marks) == len(features) == len(targets) == len(weights)
    first = inputs[0].beats
    near = np.abs(first[:, None] - first) <= 1250
    chance = (near * sampler.centre[: len(first)]).sum(1)
    expected = sampler.share[: len(first)] / chance
    np.testing.assert_allclose(sampler.weight[: len(first)], expected)
    again = sampler.batch(16, np.random.default_rng(2))
    assert np.array_equal(again[-1], weights)
