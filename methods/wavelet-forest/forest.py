"""A random forest over what is measured of beats, as plain arrays: rhythm, QRS and wavelet
energies, each relative to the record's own beats (`methods.kit.signal.beat_features`)."""

from collections.abc import Sequence

import numpy as np

from methods.kit.contract.records import CLASSES, Record
from methods.kit.signal.beat_features import features

ARRAYS = ("roots", "children", "feature", "threshold", "value")


def chosen(name: str) -> bool:
    """Rhythm, QRS and wavelet energies: P, T and single coefficients did not help patients left
    out."""
    short = name.split(":")[-1]
    return not short.startswith(("p-", "t-", "wavelet-")) or short.startswith("wavelet-size")


def table(
    record: Record, stretches: Sequence[int | None] = (None,)
) -> tuple[np.ndarray, list[str]]:
    """(beats x stretches, features) float32 and the features' names."""
    measured = {
        name: values for name, values in features(record, tuple(stretches)).items() if chosen(name)
    }
    return np.stack(list(measured.values()), 1), list(measured)


def lesson(record: Record, stretch: int) -> tuple[np.ndarray, np.ndarray]:
    """What a forest learns of a labelled record: features (2 beats, features) and classes (2
    beats,).

    In a short piece a run of S beats can be most of the record, as no whole training record has it:
    the second copy teaches that the usual interval may be an ectopic one."""
    return table(record, (None, stretch))[0], np.tile(np.asarray(record.labels, np.int64), 2)


def grow(
    lessons: list[tuple[np.ndarray, np.ndarray]],
    rng: np.random.Generator,
    trees: int,
    leaf: int,
    features_per_split: str,
    beats_per_tree: float,
) -> dict[str, np.ndarray]:
    """A forest that has learnt `lessons`, as `flatten` gives it; scikit-learn's parameters under
    plain names."""
    from sklearn.ensemble import RandomForestClassifier

    measured, labels = (np.concatenate(part) for part in zip(*lessons, strict=True))
    return flatten(
        RandomForestClassifier(
            n_estimators=trees,
            min_samples_leaf=leaf,
            max_features=features_per_split,  # pyright: ignore[reportArgumentType]
            max_samples=beats_per_tree,
            random_state=int(rng.integers(2**31)),
            n_jobs=1,
        ).fit(measured, labels)
    )


def flatten(forest) -> dict[str, np.ndarray]:
    """A fitted forest as arrays over the nodes of all trees; a leaf is its own child.

    roots (trees,), children (nodes, 2), feature (nodes,), threshold (nodes,), value (nodes, 5).
    """
    trees = [member.tree_ for member in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    children, value = [], []
    for root, tree in zip(roots, trees, strict=True):
        own = np.arange(tree.node_count)[:, None]
        both = np.stack([tree.children_left, tree.children_right], 1)
        children.append(np.where(both < 0, own, both) + root)
        share = np.zeros((tree.node_count, len(CLASSES)))
        weight = tree.value[:, 0]
        share[:, forest.classes_.astype(int)] = weight / weight.sum(1, keepdims=True)
        value.append(share)
    return {
        "roots": roots.astype(np.int32),
        "children": np.concatenate(children).astype(np.int32),
        "feature": np.maximum(np.concatenate([tree.feature for tree in trees]), 0).astype(np.int16),
        "threshold": np.concatenate([tree.threshold for tree in trees]),
        "value": np.concatenate(value),
    }


def vote(forest: dict[str, np.ndarray], measured: np.ndarray) -> np.ndarray:
    """(beats, features) float32 -> (beats, 5): the mean of the leaves that a beat falls into."""
    total = np.zeros((len(measured), len(CLASSES)))
    for root in forest["roots"]:
        node = np.full(len(measured), root, np.int32)
        moving = np.arange(len(measured))
        while moving.size:
            here = node[moving]
            right = measured[moving, forest["feature"][here]] > forest["threshold"][here]
            there = forest["children"][here, right.astype(np.int8)]
            node[moving] = there
            moving = moving[there != here]
        total += forest["value"][node]
    return total / len(forest["roots"])
