"""The table of all exercises and what the learner has done."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from course_lib.checker import progress
from course_lib.checker.registry import all_tasks
from course_lib.checker.task import Task, dots

LESSONS = Path(__file__).resolve().parents[2] / "notebooks"
MARKS = {"solved": "✓ solved", "tried": "✗ tried", None: "○ not started"}
HEAD = ("lesson", "exercise", "difficulty", "importance", "minutes", "state", "when")


def progress_table() -> str:
    """Every exercise in the order of the lessons: difficulty, importance, minutes, state, when; and a sum."""
    try:
        entries, note = progress.load()
    except OSError as error:
        entries, note = {}, f"{progress.progress_file()} could not be read: {error.strerror}."
    rows = [HEAD, *(row(lesson, task, entries.get(task.id, {})) for lesson, task in in_order())]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in rows]
    solved = sum("✓" in line for line in lines)
    return "\n".join([*lines, f"{solved} of {len(rows) - 1} solved", *([note] if note else [])])


def row(lesson: str, task: Task, entry: dict) -> tuple[str, ...]:
    """One line of the table."""
    state = MARKS.get(entry.get("state"), MARKS[None])
    return (
        lesson,
        task.id,
        dots(task.difficulty),
        dots(task.importance),
        str(task.minutes),
        state,
        entry.get("when", ""),
    )


def in_order() -> Iterator[tuple[str, Task]]:
    """(lesson, task), by lesson and by place in it; exercises that no lesson holds yet come last, under "–"."""
    tasks = all_tasks()
    for lesson in sorted(LESSONS.glob("[0-9][0-9]_*.ipynb")):
        for task_id in dict.fromkeys(exercise_ids(source_of(lesson))):
            if task_id in tasks:
                yield lesson.stem, tasks.pop(task_id)
    for task in tasks.values():
        yield "–", task


def source_of(notebook: Path) -> str:
    """All that stands in its cells; "" if it can't be read, as it is the learner's file and may be damaged."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return "\n".join("".join(cell["source"]) for cell in cells)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def exercise_ids(source: str) -> list[str]:
    """The ids in `@exercise("…")` lines, in order."""
    return re.findall(r"^@exercise\(\"([\w.]+)\"\)", source, flags=re.MULTILINE)
