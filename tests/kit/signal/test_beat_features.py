"""What is measured of beats."""

import numpy as np

from tests.helpers.beat_records import record


def test_a_stretch_changes_what_the_rhythm_is_relative_to_and_no_shape():
    from methods.kit.signal.beat_features import features

    one = record(83, beats=120)
    whole, both = features(one), features(one, (None, 40))
    assert list(whole) == list(both)
    for name, values in whole.items():
        assert np.array_equal(both[name][:120], values)
        if ":" in name or name == "pre":
            assert np.array_equal(both[name][120:], values)
    pre = whole["pre"]
    for piece in (slice(0, 40), slice(40, 80), slice(80, 120)):
        relative = both["pre/record"][120:][piece]
        assert np.allclose(relative, np.log(pre[piece] / np.median(pre[piece])), atol=1e-5)
