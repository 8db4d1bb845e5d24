"""What each lesson costs the machine: recorded with the code that was measured, so that an old record is known for one."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from nbformat import NotebookNode

from course_lib.common.files import write_atomically
from course_lib.session import cores

FILE = Path("data") / "lesson_times.json"  # in the course's folder


def measured(root: Path) -> dict[str, dict]:
    """The record of each lesson: `minutes`, `peak_mb`, `cores`, and `master`, see `code_hash`."""
    file = root / FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def record(root: Path, slug: str, cells: Iterable[NotebookNode], minutes: float, peak_mb: float) -> None:
    """Keep what running these cells of a lesson took; `build` writes it into the lesson's header."""
    new = {"minutes": round(minutes, 2), "peak_mb": round(peak_mb), "cores": cores(), "master": code_hash(cells)}
    text = json.dumps(measured(root) | {slug: new}, indent=1, sort_keys=True) + "\n"
    write_atomically(root / FILE, text.encode())


def is_stale(times: dict, cells: Iterable[NotebookNode]) -> bool:
    """Was this record made before the lesson's code became what it is in these cells?"""
    return times.get("master") != code_hash(cells)


def code_hash(cells: Iterable[NotebookNode]) -> str:
    """What a record depends on: the code that a lesson's master writes. The master's cells and those of the solved notebook give the same.

    Code alone, since prose takes no time: a mended sentence would otherwise ask for ten quiet minutes of measuring. What a lesson
    *imports* is not in it, or each change in a room would make all records old: who makes a training longer records its lesson anew.
    """
    code = [cell.source for cell in cells if cell.cell_type == "code" and not is_generated(cell)]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def is_generated(cell: NotebookNode) -> bool:
    """Is this code cell one that no master holds: the set-up, or an exercise's points?"""
    return "cellView" in cell.metadata or cell.metadata.get("nbgrader", {}).get("grade", False)
