"""Answers with one NaN among the samples that were hidden."""

import numpy as np
from answer import CASE, flat, write

EXPECT = "invalid-output"
REASON = "is not finite at 1 of"

array = flat()
hidden = np.isnan(np.load(CASE / "windows.npy", mmap_mode="r"))
array[tuple(np.argwhere(hidden)[-1])] = np.nan
write(array)
