"""The progress file: which exercises are solved. It survives restarts, two processes at once, and being damaged."""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from course_lib import session
from course_lib.common.files import age

LOCK_SECONDS = 5.0  # longer than any write takes: an older lock was left behind by a process that died


def progress_file() -> Path:
    """Where it lies: in the learner's own folder."""
    return session.home() / "progress.json"


def load() -> tuple[dict[str, dict], str]:
    """(id → {"state": "solved" or "tried", "tries": n, "when": "2026-01-31 12:00"}, note).

    A damaged file is kept under another name, and the note says so; otherwise it is "". OSError if the disk fails.
    """
    file = progress_file()
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(entries, dict) and all(map(is_entry, entries.values())):
            return entries, ""
    except FileNotFoundError:
        return {}, ""
    except (ValueError, RecursionError):
        pass
    aside = file.with_name(f"progress.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
    os.replace(file, aside)
    return {}, f"The progress file could not be read. It is kept as `{aside.name}`, and a new one begins."


def is_entry(entry: object) -> bool:
    """Is this what `record` writes?"""
    if not isinstance(entry, dict):
        return False
    tries, texts = entry.get("tries", 0), [entry.get(key, "") for key in ("state", "when")]
    return type(tries) is int and all(isinstance(word, str) for word in texts)


def record(task_id: str, solved: bool) -> str:
    """Note one check; once solved stays solved. Returns "" or what the learner should know about a disk that failed."""
    try:
        progress_file().parent.mkdir(parents=True, exist_ok=True)
        with lock(progress_file().with_name("progress.lock")):
            entries, note = load()
            entry = entries.setdefault(task_id, {"state": "tried", "tries": 0})
            if entry.get("state") != "solved":
                now = time.strftime("%Y-%m-%d %H:%M")
                entry.update(state="solved" if solved else "tried", tries=entry.get("tries", 0) + 1, when=now)
                write(entries)
        return note
    except OSError as error:
        return f"Your progress could not be saved in {progress_file()}: {error.strerror or error}."


def write(entries: dict[str, dict]) -> None:
    """Write beside the file, then put in place in one step: a reader sees the old file or the new one."""
    file = progress_file()
    handle, name = tempfile.mkstemp(dir=file.parent, prefix="progress.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(entries, stream, indent=1, sort_keys=True)
        os.replace(name, file)
    except BaseException:
        os.unlink(name)
        raise


@contextlib.contextmanager
def lock(file: Path) -> Iterator[None]:
    """Let one process in at a time. A file made with O_EXCL works on every system."""
    while True:
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL))
            break
        except (FileExistsError, PermissionError) as error:  # Windows: "permission" while another deletes it
            if not file.exists() and isinstance(error, PermissionError):
                raise
            with contextlib.suppress(OSError):
                if age(file) > LOCK_SECONDS:
                    file.unlink(missing_ok=True)
            time.sleep(0.01)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
