"""Answers with infinity."""

import numpy as np
from answer import flat, write

EXPECT = "invalid-output"
REASON = "is not finite"

write(flat() + np.float32(np.inf))
