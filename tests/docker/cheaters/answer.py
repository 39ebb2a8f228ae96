"""What the cheaters share: the guard that keeps them in the sandbox, a valid answer, a way to report a breach."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

if os.environ.get("PQRST_ROOT") != "/pqrst" or os.getuid() != 10001:
    print(
        "this script attacks the machine that it runs on: nothing but the Docker runner's sandbox may run it"
    )
    sys.exit(3)

ROOT = Path("/pqrst")
CASE, OUT = ROOT / "case", ROOT / "out"
ANSWER = OUT / "prediction.npy"


def flat():
    """The valid answer: zeros in the shape of the case."""
    import numpy as np  # not above, so that bombs and balloons stay small and run without it

    return np.zeros(np.load(CASE / "windows.npy", mmap_mode="r").shape, np.float32)


def write(array=None) -> None:
    """Write the prediction: `array`, or the valid answer."""
    import numpy as np

    np.save(ANSWER, flat() if array is None else array)


def write_header(text: str) -> None:
    """Write a prediction whose .npy header is `text`."""
    ANSWER.write_bytes(
        b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(4096)
    )


def reached(what: str) -> None:
    """Report what must be impossible and was not."""
    print(f"REACHED: {what}", flush=True)


def attempt(what: str, deed: Callable[..., object], *arguments: object) -> None:
    """Do what must be refused, and report it if it is not."""
    try:
        deed(*arguments)
    except OSError:
        return
    reached(what)
