"""Answers with an archive that unpacks to a thousand times its size."""

import numpy as np
from answer import ANSWER

EXPECT = "invalid-output"
REASON = "archive"

with ANSWER.open("wb") as file:
    np.savez_compressed(file, prediction=np.zeros(2**26, np.float32))
