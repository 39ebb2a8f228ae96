"""Answers with the first bytes of an archive and nothing behind them."""

from answer import ANSWER

EXPECT = "invalid-output"
REASON = "prediction.npy"

ANSWER.write_bytes(b"PK\x03\x04 and nothing more")
