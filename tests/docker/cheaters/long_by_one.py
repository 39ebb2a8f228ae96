"""Answers for one window more than there are."""

import numpy as np
from answer import flat, write

EXPECT = "invalid-output"
REASON = "has shape"

array = flat()
write(np.concatenate([array, array[:1]]))
