"""Named random generators: each one is seeded from the identity of what it draws."""

import hashlib
import json

import numpy as np


def generator(*identity: str | int) -> np.random.Generator:
    """The generator of `identity`, e.g. (board seed, data set, scenario, record, window): same
    identity, same draws."""
    digest = hashlib.sha256(json.dumps(identity).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
