"""Every reply is written down before anything else happens to it, so that paid work is never lost.

A journal is a file of JSON lines. A line is appended whole and forced to the disk; a line that a kill has torn is cut off
when the journal is opened again. One process at a time may hold a journal; within it, any thread may append.
"""

import errno
import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from course_lib.common import processes
from course_lib.common.errors import Problem
from course_lib.instruct.teachers.base import Completion, Messages, TeacherError


class Key(NamedTuple):
    """What makes a reply the same reply."""

    id: str  # of the picture
    type: str
    version: str  # of the prompts
    teacher: str


@dataclass(frozen=True)
class Entry:
    """One answer of a teacher: a reply, or, with a `problem`, an attempt that was paid for and came to nothing."""

    id: str
    type: str
    version: str
    teacher: str
    fingerprint: str  # of the messages
    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    problem: str = ""
    estimated: bool = False  # the server did not count the tokens

    @property
    def key(self) -> Key:
        """What it answers."""
        return Key(self.id, self.type, self.version, self.teacher)


def fingerprint(messages: Messages) -> str:
    """A short hash of what was asked, to tell by it whether the same was asked."""
    return hashlib.sha256(json.dumps(messages, ensure_ascii=False).encode()).hexdigest()[:16]


class Journal:
    """A journal file, open for appending. Use it in a `with` statement."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._stream = open(file, "a+b", buffering=0)  # noqa: SIM115  (closed by close)
        self._stream.seek(1 << 40)  # Windows locks the byte one stands at: one that nobody ever reads
        if not processes.try_lock(self._stream.fileno()):
            self._stream.close()
            raise Problem(f"Another process is writing {file.name}. Wait for it, or give this one another --out.")
        self._writing = threading.Lock()
        try:
            self.entries = self._load()
        except Problem:
            self._stream.close()
            raise
        self.replies = {entry.key: entry for entry in reversed(self.entries) if not entry.problem}  # the first of a key

    def append(self, entry: Entry) -> None:
        """Write one line and force it to the disk. Raises OSError, and leaves no half line, where the disk is full."""
        self.extend([entry])

    def extend(self, entries: Sequence[Entry]) -> None:
        """Write a line for each entry, then force all to the disk at once. OSError, and none of them, if it is full."""
        lines = [(json.dumps(asdict(entry), ensure_ascii=False) + "\n").encode() for entry in entries]
        with self._writing:
            size = self._stream.seek(0, os.SEEK_END)
            try:
                for line in lines:
                    if self._stream.write(line) < len(line):
                        raise OSError(errno.ENOSPC, "There is no room for another line", str(self.file))
                os.fsync(self._stream.fileno())
            except OSError:
                self._stream.truncate(size)
                raise
            self.entries.extend(entries)
            for entry in entries:
                if not entry.problem:
                    self.replies.setdefault(entry.key, entry)

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _load(self) -> list[Entry]:
        """What earlier runs wrote; a torn last line is cut off the file."""
        self._stream.seek(0)
        content = self._stream.read()
        entries, whole = parse(content, self.file.name)
        if whole < len(content):
            self._stream.truncate(whole)
        return entries


def read(file: Path) -> list[Entry]:
    """The entries of a journal that nobody has to hold. A torn last line is left out."""
    return parse(file.read_bytes(), file.name)[0]


def _entry(fields: dict) -> Entry:
    """An entry as `append` wrote it; TypeError for anything else."""
    entry = Entry(**fields)
    for name, kind in Entry.__annotations__.items():
        value = getattr(entry, name)
        if not isinstance(value, (int, float) if kind is float else kind) or isinstance(value, bool) != (kind is bool):
            raise TypeError(f"{name} is {value!r}")
        if kind is str:
            value.encode()  # ValueError for what could not be written again
    return entry


def parse(content: bytes, name: str) -> tuple[list[Entry], int]:
    """(entries, length of the part that holds them). Only a last line may be torn; `Problem` for any other."""
    entries, whole = [], 0
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("no end")
            entries.append(_entry(json.loads(line)))
        except (ValueError, TypeError, RecursionError):
            if number == len(lines):
                break
            raise Problem(f"Line {number} of {name} is no journal entry. Mend or delete that line.") from None
        whole += len(line)
    return entries, whole


class ReplayTeacher:
    """Answers from a journal, by what was asked."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            raise Problem(f"There is no journal {file} to replay.")
        replies = [entry for entry in read(file) if not entry.problem]
        teachers = {entry.teacher for entry in replies}
        if len(teachers) != 1:
            raise Problem(f"{file.name} can't be replayed: it holds replies of {len(teachers)} teachers, not of one.")
        self.name = f"replay:{teachers.pop()}"
        self._replies = {entry.fingerprint: entry for entry in reversed(replies)}

    def ask(self, messages: Messages) -> Completion:
        """The recorded reply to these very messages."""
        entry = self._replies.get(fingerprint(messages))
        if entry is None:
            raise TeacherError("This was not asked in the recorded run: it had other pictures, or other prompts.")
        return Completion(entry.text, entry.prompt_tokens, entry.completion_tokens)
