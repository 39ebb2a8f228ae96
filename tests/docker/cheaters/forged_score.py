"""Prints a score of its own and writes it beside a valid answer, under the harness's names."""

from answer import OUT, write

EXPECT = "invalid-output"
REASON = ".json"

write()
for name in ("result.json", "score.json", "status.json"):
    (OUT / name).write_text('{"kind": "ok", "nrmse": 0.0, "score": 1.0}')
print("score: 1.0")
