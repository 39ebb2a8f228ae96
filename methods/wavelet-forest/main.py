"""A forest on rhythm, QRS and wavelet features relative to the record's own beats, kept as plain arrays."""

import numpy as np

from methods.kit.beats import features
from methods.kit.exchange import CLASSES, Call, Record, read_records, serve

ARRAYS = ("roots", "children", "feature", "threshold", "value")


def chosen(name: str) -> bool:
    """Rhythm, QRS and wavelet energies: P, T and single coefficients did not help patients left out."""
    short = name.split(":")[-1]
    return not short.startswith(("p-", "t-", "wavelet-")) or short.startswith("wavelet-size")


def table(record: Record, stretches: tuple[int | None, ...] = (None,)) -> tuple[np.ndarray, list[str]]:
    """(beats x stretches, features) float32 and the features' names."""
    measured = {name: values for name, values in features(record, stretches).items() if chosen(name)}
    return np.stack(list(measured.values()), 1), list(measured)


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


def fit(call: Call) -> None:
    from sklearn.ensemble import RandomForestClassifier

    records = [
        record for record in read_records(call.data / "train") if record.labels is not None and len(record.beats)
    ]
    labels = np.concatenate([record.labels for record in records if record.labels is not None])
    # In a short piece a run of S beats can be most of the record, as no whole training record has it: the second copy
    # teaches that the usual interval may be an ectopic one.
    stretches = (None, call.params["stretch"])
    measured = np.concatenate([table(record, stretches)[0] for record in records])
    twice = np.concatenate([np.tile(record.labels, len(stretches)) for record in records if record.labels is not None])
    forest = RandomForestClassifier(
        n_estimators=call.params["trees"],
        min_samples_leaf=call.params["leaf"],
        max_features=call.params["features_per_split"],
        max_samples=call.params["beats_per_tree"],
        random_state=int(np.random.default_rng(call.seed).integers(2**31)),
        n_jobs=1,
    ).fit(measured, twice)
    for name, array in flatten(forest).items():
        np.save(call.model / f"{name}.npy", array, allow_pickle=False)
    counts = np.bincount(labels, minlength=len(CLASSES)) + 0.5
    np.save(call.model / "prior.npy", counts / counts.sum(), allow_pickle=False)


def predict(records: list[Record], call: Call) -> np.ndarray:
    """(beats of all records, 5); a little of the class shares is mixed in, so that nothing is zero."""
    forest = {name: np.load(call.model / f"{name}.npy", allow_pickle=False) for name in ARRAYS}
    prior = np.load(call.model / "prior.npy", allow_pickle=False)
    rows = [vote(forest, table(record)[0]) for record in records if len(record.beats)]
    p = np.concatenate(rows) if rows else np.empty((0, len(CLASSES)))
    return (p + call.params["smoothing"] * prior) / (1 + call.params["smoothing"])


if __name__ == "__main__":
    serve(predict, fit)
