"""Answers in an array stored column by column, which a plain .npy may be."""

import numpy as np
from answer import flat, write

EXPECT = "ok"
REASON = ""

write(np.asfortranarray(flat()))
