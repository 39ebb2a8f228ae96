"""Ends well without an answer."""

from answer import CASE

EXPECT = "invalid-output"
REASON = "prediction.npy is missing"

print(f"I have read {CASE}")
