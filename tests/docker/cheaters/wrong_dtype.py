"""Answers in float64."""

import numpy as np
from answer import flat, write

EXPECT = "invalid-output"
REASON = "float64"

write(flat().astype(np.float64))
