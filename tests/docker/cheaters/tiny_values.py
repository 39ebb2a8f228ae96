"""Answers with minus zero and the smallest numbers that there are, which is valid."""

import numpy as np
from answer import flat, write

EXPECT = "ok"
REASON = ""

array = -flat()
array[..., ::2] = np.finfo(np.float32).smallest_subnormal
write(array)
