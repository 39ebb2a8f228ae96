"""Answers with finite numbers of 1e30 mV."""

import numpy as np
from answer import flat, write

EXPECT = "invalid-output"
REASON = "beyond"

write(flat() + np.float32(1e30))
