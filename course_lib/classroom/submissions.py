"""Which notebook is whose, and of which lesson."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

BEGIN = re.compile(r"begin\(lesson=[\"'](\w+)[\"']\)")
LESSON = re.compile(r"\d\d_[a-z0-9_]+")


@dataclass(frozen=True)
class Submission:
    """One notebook that somebody handed in."""

    student: str
    lesson: str  # "02_clip"; "" if that can't be told
    file: Path
    problem: str = ""  # why it can't be run


def find(folder: Path, lessons: list[str]) -> list[Submission]:
    """All notebooks below the folder: of each student and lesson the one that was changed last.

    `folder/STUDENT/…/02_clip.ipynb` (nbgrader's `submitted/`, too) or `folder/STUDENT_02_clip.ipynb`.
    """
    newest: dict[tuple[str, str], Submission] = {}
    for file in sorted(folder.rglob("*.ipynb"), key=lambda file: file.stat().st_mtime):
        inside = file.relative_to(folder)
        if not any(part.startswith(".") for part in inside.parts):  # checkpoints of Jupyter's
            lesson, problem = lesson_of(file, lessons)
            name = inside.parts[0] if len(inside.parts) > 1 else file.stem.replace(lesson, "").strip("_- ")
            newest[name or file.stem, lesson or file.stem] = Submission(name or file.stem, lesson, file, problem)
    return [newest[key] for key in sorted(newest)]


def lesson_of(file: Path, lessons: list[str]) -> tuple[str, str]:
    """(lesson, what is wrong): by the lesson that the notebook begins, else by the file's name."""
    named = next((lesson for lesson in lessons if lesson in file.stem), "")
    try:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return named, "not a notebook"
    begun = BEGIN.search(source)
    lesson = begun[1] if begun and begun[1] in lessons else named
    return lesson, "" if lesson else "of no lesson of this course"
