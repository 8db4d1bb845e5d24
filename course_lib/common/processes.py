"""Beside other processes: a lock that one holds at a time, the memory that each takes, and Ctrl-C that stops politely.

The system lets go of the lock when its holder ends, however it ends. Needs nothing but Python until memory is asked for.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from course_lib.common.errors import Problem

if TYPE_CHECKING:
    import psutil


@contextmanager
def held(file: Path, message: str) -> Iterator[None]:
    """Hold the lock on `file`; prints `message` once if somebody else holds it, and waits."""
    try:
        stream = open(file, "w")  # noqa: SIM115  (open as long as the lock is held)
    except OSError as error:
        raise Problem(
            f"The course can't write into its folder {file.parent} ({error.strerror}). "
            "Copy it to a folder of yours, and start there."
        ) from None
    with stream:
        message_shown = False
        while not try_lock(stream.fileno()):
            if not message_shown:
                print(message, flush=True)
                message_shown = True
            time.sleep(0.2)
        os.set_inheritable(stream.fileno(), True)  # if we are killed, pip holds the lock until it has ended, too
        yield


def try_lock(descriptor: int) -> bool:
    """Take the lock if it is free."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def resident(process: "psutil.Process") -> int:
    """Bytes of memory that a process holds; 0 if it is gone."""
    import psutil

    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


@contextmanager
def stop_request():
    """Ctrl-C, or the notebook's ■ button, asks to stop after the current step, instead of tearing the step apart.

    Yields an Event that is set by the first request; a second one interrupts at once.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield event
        return
    usual = signal.getsignal(signal.SIGINT)

    def ask(number, frame) -> None:
        event.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, ask)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, usual)
