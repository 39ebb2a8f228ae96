"""The forest as plain arrays."""

import numpy as np

from tests.helpers.load_method import load


def test_stored_forest_is_sklearns():
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    trees = load("wavelet-forest", "forest")
    rng = np.random.default_rng(0)
    measured = rng.standard_normal((600, 7)).astype(np.float32)
    labels = np.array([0, 1, 3])[
        (measured[:, 0] + measured[:, 1] ** 2 > 1).astype(int) + (measured[:, 2] > 1)
    ]
    for kind in (ExtraTreesClassifier, RandomForestClassifier):
        forest = kind(15, min_samples_leaf=2, random_state=0).fit(measured, labels)
        stored = trees.vote(trees.flatten(forest), measured)
        assert np.allclose(stored[:, [0, 1, 3]], forest.predict_proba(measured), atol=1e-12)
        assert np.all(stored[:, [2, 4]] == 0)
