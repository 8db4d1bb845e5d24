"""Files that are written whole or not at all."""

import contextlib
import os
import shutil
import time
from pathlib import Path

LEFT_BEHIND = 3600  # seconds: no write takes as long, so an older beginning is that of a process that was killed


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside the file, then rename: an interruption leaves the old file or the new one, never half of one.

    What a killed process has left beside the file is swept away an hour later. OSError where the disk fails. The new file is open
    to those to whom the old one was: a gradebook that only its teacher may read stays so.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    sweep(file)
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        with open(beside, "wb") as stream:
            keep_mode(file, beside)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)


def keep_mode(old: Path, new: Path) -> None:
    """Open the new file to those to whom the old one is open, where there is one."""
    if os.name == "posix":  # elsewhere there is only "read-only", which would be in the way of `os.replace`
        with contextlib.suppress(OSError):  # there is no old file, or the disk knows no such thing
            shutil.copymode(old, new)


def sweep(file: Path) -> None:
    """Delete the beginnings of this file that killed processes have left."""
    for beside in file.parent.iterdir():
        middle = beside.name.removeprefix(f"{file.name}.").removesuffix(".tmp")
        if beside.name != f"{file.name}.{middle}.tmp" or not middle.isdecimal():
            continue
        if age(beside) > LEFT_BEHIND and not alive(int(middle)):
            with contextlib.suppress(PermissionError):  # Windows: it is open in another process
                beside.unlink(missing_ok=True)


def alive(process: int) -> bool:
    """May this process still be writing? After a clock was set back, the age of its file alone does not say so."""
    if os.name != "posix":
        return False  # signal 0 would be Ctrl-C there; but Windows itself keeps a file that is open from being deleted
    try:
        os.kill(process, 0)  # asks, and sends nothing
    except PermissionError:
        return True  # another user's
    except (ProcessLookupError, OverflowError):
        return False
    return True


def age(file: Path) -> float:
    """Seconds between now and a file's last change; 0 if it is gone. Never negative: a clock may have been set back."""
    try:
        return abs(time.time() - file.stat().st_mtime)
    except OSError:
        return 0.0
