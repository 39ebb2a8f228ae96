"""Opens a socket of each family, asks DNS, and calls the outside, the host and its hypervisor."""

import ctypes
import socket
from pathlib import Path

from answer import attempt, reached, write

EXPECT = "ok"
REASON = ""

HARMLESS = {
    1,
    2,
    10,
    16,
}  # UNIX, INET, INET6 and NETLINK, which lead nowhere in a network of one's own
PLACES = (
    ("1.1.1.1", 443),
    ("169.254.169.254", 80),
    ("172.17.0.1", 2375),
    ("127.0.0.1", 5000),
    ("127.0.0.1", 2375),
)
IO_URING_SETUP = 425

socket.setdefaulttimeout(2)
for family in range(46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
        if family not in HARMLESS:
            attempt(f"a socket of family {family} and kind {kind}", socket.socket, family, kind)
for family in (socket.AF_INET, socket.AF_INET6):
    attempt("a raw socket", socket.socket, family, socket.SOCK_RAW, socket.IPPROTO_ICMP)
for place in PLACES:
    attempt(f"TCP to {place}", socket.create_connection, place)
attempt("TCP over IPv6", socket.create_connection, ("2606:4700:4700::1111", 443))
attempt("UDP", socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b"?", ("8.8.8.8", 53))
attempt("DNS", socket.getaddrinfo, "example.org", 443)
if len(Path("/proc/net/route").read_text().splitlines()) > 1:
    reached("a route")
if "@" in Path("/proc/net/unix").read_text():
    reached("an abstract socket of another process")
if ctypes.CDLL(None).syscall(IO_URING_SETUP, 8, ctypes.create_string_buffer(120)) >= 0:
    reached("io_uring, which opens sockets past the filter")
write()
