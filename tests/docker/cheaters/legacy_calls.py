"""Calls the kernel as 32-bit programs do (int 0x80, x32), to open what a filter of 64-bit calls would refuse."""

import ctypes
import mmap
import os
import platform
import struct

from answer import reached, write

EXPECT = "ok"
REASON = ""

MAP_32BIT = 0x40
VSOCK = (40, 1, 0)  # AF_VSOCK, SOCK_STREAM
SOCKET, SOCKETCALL, PTRACE, IO_URING_SETUP, X32_SOCKET = 359, 102, 26, 425, 0x40000029

page = mmap.mmap(
    -1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_32BIT, 7
)  # to read, write and execute
start = ctypes.addressof(ctypes.c_char.from_buffer(page))
page[2048:2060] = struct.pack("<3I", *VSOCK)
within = (start + 2048, start + 3072)


def call(number: int, first: int, second: int = 0, third: int = 0) -> int:
    """push rbx; eax, ebx, ecx, edx = the numbers; int 0x80; pop rbx; ret."""
    loads = zip((0xB8, 0xBB, 0xB9, 0xBA), (number, first, second, third), strict=True)
    code = b"\x53" + b"".join(struct.pack("<BI", *load) for load in loads) + b"\xcd\x80\x5b\xc3"
    page[: len(code)] = code
    return ctypes.CFUNCTYPE(ctypes.c_int)(start)()


if platform.machine() == "x86_64":
    deeds = {
        "a VSOCK": lambda: call(SOCKET, *VSOCK),
        "a VSOCK through socketcall": lambda: call(SOCKETCALL, 1, within[0]),
        "ptrace": lambda: call(PTRACE, 0),
        "io_uring": lambda: call(IO_URING_SETUP, 8, within[1]),
        "a VSOCK by x32": lambda: ctypes.CDLL(None).syscall(X32_SOCKET, *VSOCK),
    }
    for name, deed in deeds.items():
        # In a child, because a filter may kill who calls.
        if (child := os.fork()) == 0:
            os._exit(deed() < 0)
        if os.waitpid(child, 0)[1] == 0:
            reached(f"{name}, as a 32-bit program")
write()
