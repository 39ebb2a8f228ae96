"""The median beat, and what it costs where a record pauses."""

import tracemalloc

import numpy as np

from methods.kit.signal import template
from tests.helpers.signals import RATE


def test_the_median_beat_is_the_median_over_beats_sample_by_sample():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(2, 2000))
    flat[0, 500:900] = np.nan
    beats = np.array([100, 300, 520, 700, 1900])
    before = 50
    ends = np.append(beats[1:] - before, 3000)
    offsets = np.arange(-before, 1250)
    found = template.median_beat(flat, beats, ends, offsets)
    for column, offset in enumerate(offsets):
        at = [beat + offset for beat, end in zip(beats, ends, strict=True) if beat + offset < end]
        at = [sample for sample in at if 0 <= sample < flat.shape[1]]
        for lead in range(2):
            visible = flat[lead, at][np.isfinite(flat[lead, at])]
            expected = np.median(visible) if visible.size else np.nan
            np.testing.assert_allclose(found[lead, column], expected)


def test_a_pause_costs_no_more_than_itself():
    """1000 beats beside a pause of 100 s take megabytes, not gigabytes."""
    interval, pause = round(0.8 * RATE), round(100 * RATE)
    beats = np.cumsum(np.r_[100, np.full(500, interval), pause, np.full(500, interval)])
    flat = np.random.default_rng(1).normal(size=(2, beats[-1] + 500)).astype(np.float32)
    tracemalloc.start()
    made = template.repeat(flat, beats, beats, 70)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.shape == flat.shape
    assert peak < 200e6
