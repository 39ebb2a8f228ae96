"""The control that learnt from labels of other beats."""

import numpy as np

from tests.helpers.beat_records import N, V, fitted, record, unlabelled


def test_shuffled_labels_know_nothing(classifiers):
    from sklearn.metrics import roc_auc_score

    module, call = classifiers["shuffled-labels"]
    case = [record(n) for n in range(90, 95)]
    truth = np.concatenate([one.labels for one in case if one.labels is not None])
    p = module.predict([unlabelled(one) for one in case], call)
    assert np.all(p.argmax(1) == N)
    module, call = classifiers["rr-features"]
    known = module.predict([unlabelled(one) for one in case], call)
    assert roc_auc_score(truth == V, known[:, V]) > 0.99


def test_shuffled_labels_follow_the_seed(beats_root, classifiers):
    module, call = classifiers["shuffled-labels"]
    _, other = fitted("shuffled-labels", beats_root, seed=4)
    case = [unlabelled(record(99))]
    assert not np.array_equal(module.predict(case, call), module.predict(case, other))
