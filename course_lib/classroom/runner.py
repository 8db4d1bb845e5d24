"""Run one submission, in a process of its own: `python -m course_lib.classroom.runner NOTEBOOK RESULT CELL_SECONDS LESSON`.

After every cell, RESULT (json) says what is known so far, so that a process that must be killed has not worked in vain.
It has no network: what is submitted is somebody else's code.
"""

import contextlib
import ctypes
import json
import os
import socket
import struct
import sys
from pathlib import Path

SETUP = "# Set-up: run this first"  # the course is found already, and its TIER is not the student's to choose here


BEGINNING = """\
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin
session = begin(lesson={lesson!r})"""


def main(arguments: list[str]) -> int:
    """Run all code cells in order; one that fails or lasts too long does not stop the next."""
    notebook, result, cell_seconds = Path(arguments[0]), Path(arguments[1]), float(arguments[2])
    report = {"network": cut_network(), "failed": [], "verdicts": {}, "ended": False}
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    shell = new_shell()
    shell.run_cell(BEGINNING.format(lesson=arguments[3]))  # also where the student deleted that cell
    for number, source in enumerate(sources, start=1):
        if not source.startswith(SETUP) and (problem := run(shell, source, cell_seconds)):
            report["failed"].append(f"code cell {number}: {problem}")
        report["verdicts"] = verdicts_so_far()
        report["ended"] = number == len(sources)
        write(result, report)
    return 0


def new_shell():
    """IPython without a history: cells may hold magics and shell commands, as in a notebook."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def run(shell, source: str, seconds: float) -> str:
    """Run one cell for so many seconds at most; returns why it failed, "" if it did not."""
    from course_lib.checker.running import TooSlow, time_limit

    try:
        with time_limit(seconds):
            done = shell.run_cell(source)
            error = done.error_before_exec or done.error_in_exec
            if isinstance(error, KeyboardInterrupt):
                raise error  # the shell has caught it, and the limit must hear of it
    except TooSlow:
        return f"stopped after {seconds:.0f} seconds"
    except (KeyboardInterrupt, SystemExit) as interruption:
        error = interruption
    return type(error).__name__ if error else ""


def verdicts_so_far() -> dict[str, dict]:
    """Exercise → state, points and the known mistake, of the last check of each."""
    from course_lib.exercise import points, verdicts

    return {
        name: {"state": verdict.state, "points": points(name), "mistake": verdict.mistake}
        for name, verdict in verdicts().items()
    }


def write(file: Path, report: dict) -> None:
    """Replace the file in one step."""
    beside = file.with_name(f"{file.name}.part")
    beside.write_text(json.dumps(report), encoding="utf-8")
    os.replace(beside, file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))


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
