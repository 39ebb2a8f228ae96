"""What we start dies with us, however we die."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """To be run in a new process before its program: it is killed when the one that started it is gone (Linux).

    A stage that outlived a killed run would go on writing where the next run writes.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
