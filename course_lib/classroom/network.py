"""A process without network: what is submitted is somebody else's code."""

import contextlib
import ctypes
import os
import socket
import struct
import sys
from pathlib import Path

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # from Linux' sched.h
GET_FLAGS, SET_FLAGS, IS_UP = 0x8913, 0x8914, 0x1  # from sockios.h and if.h
OWN_COMPUTER = ("127.", "::1", "localhost")


def cut_network() -> str:
    """Cut this process and all it starts off from the network, its own computer excepted. Returns how far that went.

    Call it before any thread begins. Linux can do it for good, in a namespace of its own; elsewhere (and in containers that
    forbid namespaces) only what Python itself connects is refused.
    """
    sys.addaudithook(refuse_strangers)
    return "cut off" if sys.platform == "linux" and enter_namespace() else "refused to Python"


def refuse_strangers(event: str, arguments: tuple) -> None:
    """An audit hook, which nobody can remove: connections to other computers, and asking for their names, are errors."""
    if event not in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        return
    address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
    host = address[0] if isinstance(address, tuple) else address if event.startswith("socket.get") else None
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if isinstance(host, str) and host and not host.startswith(OWN_COMPUTER):
        raise ConnectionError(f"There is no network while submissions are graded ({host} was asked for).")


def enter_namespace() -> bool:
    """Move this process into a network namespace that holds nothing but its loopback. False where that is not allowed."""
    import fcntl  # not on Windows

    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_USER | NEW_NETWORK):
        return False
    with contextlib.suppress(OSError):  # else cut off even from itself, which only a lesson with a server would notice
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")  # the same user inside, so that files stay writable
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        with socket.socket() as any_socket:
            name = b"lo".ljust(16, b"\0")
            flags = struct.unpack("16sh", fcntl.ioctl(any_socket, GET_FLAGS, name + bytes(16))[:18])[1]
            fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh", name, flags | IS_UP) + bytes(14))
    return True
