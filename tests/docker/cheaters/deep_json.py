"""Leaves, beside a valid answer, a JSON file of a million lists in each other."""

from answer import OUT, write

EXPECT = "invalid-output"
REASON = "deep.json"

write()
(OUT / "deep.json").write_text("[" * 10**6 + "]" * 10**6)
