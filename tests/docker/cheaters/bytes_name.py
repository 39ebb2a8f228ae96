"""Leaves a file whose name is no text: bytes that are not UTF-8."""

import os

from answer import OUT, write

EXPECT = "invalid-output"
REASON = "bytes.npy"

write()
os.close(os.open(bytes(OUT) + b"/\xff\xfe\xed\xa0\x80bytes.npy", os.O_CREAT | os.O_WRONLY))
