"""Makes a million empty files."""

from answer import OUT, write

EXPECT = "over-quota"
REASON = "No space left on device"

for number in range(10**6):
    (OUT / str(number)).touch()
write()
