"""Files that are written whole or not at all."""

import os
import time
from pathlib import Path

LEFT_BEHIND = 3600  # seconds: no write takes as long, so an older beginning is that of a process that was killed


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside the file, then rename: an interruption leaves the old file or the new one, never half of one.

    What a killed process has left beside the file is swept away an hour later. OSError where the disk fails.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    sweep(file)
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        with open(beside, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)


def sweep(file: Path) -> None:
    """Delete the beginnings of this file that killed processes have left."""
    for beside in file.parent.iterdir():
        middle = beside.name.removeprefix(f"{file.name}.").removesuffix(".tmp")
        if beside.name == f"{file.name}.{middle}.tmp" and middle.isdecimal() and age(beside) > LEFT_BEHIND:
            beside.unlink(missing_ok=True)


def age(file: Path) -> float:
    """Seconds between now and a file's last change; 0 if it is gone. Never negative: a clock may have been set back."""
    try:
        return abs(time.time() - file.stat().st_mtime)
    except OSError:
        return 0.0
