"""One at a time, across processes. The system lets go of the lock when its holder ends, however it ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course_lib.common.errors import Problem


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
