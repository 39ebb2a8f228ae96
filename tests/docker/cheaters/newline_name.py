"""Leaves a file whose name breaks lines, writes markup and moves the cursor."""

from answer import OUT, write

EXPECT = "invalid-output"
REASON = "score: 1.0"

write()
(OUT / "prediction.npy\nscore: 1.0\r\x1b[2J[red]<script>alert(1)<").touch()
