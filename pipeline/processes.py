"""How we start other processes: on one thread each, and so that they die with us, however we
die."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
# Two processes of one thread each beat one of two, and the number of threads changes sums of
# floats.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def die_with_parent() -> None:
    """To be run in a new process before its program: it is killed when the one that started it is
    gone (Linux).

    A stage that outlived a killed run would go on writing where the next run writes.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
