"""Lay out a lesson's two notebooks: the student's with blanks, the teacher's with solutions, cell by cell the same."""

import hashlib
import re
from collections import Counter

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.authoring import colab, parts
from course_lib.authoring.master import BEGIN, Lesson, LessonError, blanked
from course_lib.authoring.quiz import with_quiz, with_words
from course_lib.checker.table import exercise_ids
from course_lib.checker.task import Task

PLACE = re.compile(r"^<!-- exercise: ([\w.]+) -->$", flags=re.MULTILINE)
CHECKED = "nbval-check-output"  # the tag by which `pytest --nbval-lax` knows what to compare
COLLAPSED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # Colab, JupyterLab: a click shows the code
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def student_notebook(cells: list[NotebookNode]) -> NotebookNode:
    """Solutions replaced by `...`. Nothing is compared: unsolved, the outputs are not those of the solution."""
    blank = [nbformat.from_dict(cell) for cell in cells]
    for cell in blank:
        if cell.cell_type == "code":
            cell.source = blanked(cell.source)
            cell.metadata.pop("tags", None)
    return new_notebook(cells=blank, metadata=METADATA)


def solution_notebook(cells: list[NotebookNode]) -> NotebookNode:
    """Everything as in the master, regions marked, so that nbgrader can make its release version of it."""
    return new_notebook(cells=[nbformat.from_dict(cell) for cell in cells], metadata=METADATA)


def lay_out(lesson: Lesson, header: str, tasks: dict[str, Task]) -> list[NotebookNode]:
    """All cells of a lesson, with the generated ones, metadata and stable ids; solutions still in."""
    numbers = {task_id: i + 1 for i, task_id in enumerate(exercises_of(lesson, tasks))}
    cells = [new_markdown_cell(header)]
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            text = with_headings(lesson, cell.source, numbers, tasks)
            cells.append(new_markdown_cell(with_quiz(with_words(lesson, text))))
        else:
            if "setup" in cell.metadata.get("tags", []):
                cells.append(new_code_cell(colab.setup_cell(colab.release()), metadata=COLLAPSED))
            cells.append(code_cell(lesson, cell))
    cells += points_cells([tasks[task_id] for task_id in numbers])
    return with_ids(cells)


def exercises_of(lesson: Lesson, tasks: dict[str, Task]) -> list[str]:
    """The ids of the lesson's exercises in order; each must be known, have a heading, and be blank once."""
    ids = [task_id for cell in lesson.cells if is_blank(cell) for task_id in exercise_ids(cell.source)]
    places = [
        task_id for cell in lesson.cells if cell.cell_type == "markdown" for task_id in PLACE.findall(cell.source)
    ]
    if unknown := set(ids) - set(tasks):
        raise LessonError(f"{lesson.slug}: no room has the exercise {', '.join(sorted(unknown))}.")
    if len(ids) != len(set(ids)) or places != ids:
        raise LessonError(
            f"{lesson.slug}: every exercise needs one `<!-- exercise: ID -->` line in a markdown cell above it "
            f"and one cell with a solution region. Headings: {places}. Cells: {ids}."
        )
    return ids


def is_blank(cell: NotebookNode) -> bool:
    """Does this cell hold a solution region?"""
    return cell.cell_type == "code" and BEGIN in cell.source


def with_headings(lesson: Lesson, source: str, numbers: dict[str, int], tasks: dict[str, Task]) -> str:
    """Replace `<!-- exercise: ID -->` by the exercise's heading."""
    return PLACE.sub(lambda place: parts.exercise_heading(lesson, numbers[place[1]], tasks[place[1]]), source)


def code_cell(lesson: Lesson, cell: NotebookNode) -> NotebookNode:
    """A code cell of the master: `setup` and `check` tags translated, nbgrader's metadata on blanks."""
    tags = set(cell.metadata.get("tags", []))
    if unknown := tags - {"setup", "check"}:
        raise LessonError(f"{lesson.slug}: unknown cell tag {', '.join(sorted(unknown))}. There are: setup, check.")
    source = parts.setup_source(lesson, cell.source) if "setup" in tags else cell.source
    metadata = {"tags": [CHECKED]} if "check" in tags else {}
    if is_blank(cell):
        ids = exercise_ids(source)
        if len(ids) != 1:
            raise LessonError(
                f'{lesson.slug}: a cell with a solution region needs one `@exercise("…")`, not {len(ids)}.'
            )
        metadata["nbgrader"] = grading(ids[0].replace(".", "-"), solution=True)
    return new_code_cell(source, metadata=metadata)


def points_cells(tasks: list[Task]) -> list[NotebookNode]:
    """The last section: one small locked cell an exercise, whose value is the grade."""
    cells = [new_markdown_cell(parts.points_text())] if tasks else []
    for task in tasks:
        grade = grading(f"{task.id.replace('.', '-')}-points", points=task.difficulty)
        cells.append(new_code_cell(f'points("{task.id}")', metadata={"nbgrader": grade, "tags": [CHECKED]}))
    return cells


def grading(grade_id: str, solution: bool = False, points: int = 0) -> dict:
    """nbgrader's cell metadata, schema 3: a cell to fill in, or a locked cell that is graded by its value."""
    metadata = {"grade": not solution, "grade_id": grade_id, "locked": not solution, "schema_version": 3}
    metadata |= {"solution": solution, "task": False}
    return metadata if solution else metadata | {"points": points}


def with_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Ids made of the content, so that a build gives the same file again and an edit touches one cell."""
    seen: Counter[str] = Counter()
    for cell in cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:10]
        cell.id = f"{digest}-{seen[digest]}"
        seen[digest] += 1
    return cells


def to_text(notebook: NotebookNode) -> str:
    """The bytes of the file: valid, sorted, one line feed at the end."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
