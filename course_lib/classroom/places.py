"""Folders with the notebooks in them read: of which lesson each is, and who is said to have written it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from course_lib.checker.table import exercise_ids, in_order
from course_lib.classroom.folders import ARCHIVES, CHECKPOINTS, File, Folder, Unreadable
from course_lib.classroom.names import Person, lesson_in, person_in_file, person_in_folder
from course_lib.classroom.notebooks import NotANotebook, code_cells

BEGIN = re.compile(r"\bbegin\(\s*(?:lesson\s*=\s*)?[\"'](\w+)[\"']")
JUPYTERS_COPY = "Jupyter's own copy of an earlier state"
SOLUTION = "the course's own solution, in a copy of the course"


@dataclass
class Notebook:
    """A file that is a notebook, or should be one."""

    file: File
    folder: Folder
    lesson: str = ""
    cells: list[str] = field(default_factory=list)
    problem: str = ""  # why it can't be graded

    def person(self, lessons: list[str]) -> Person | None:
        """Whom its file's name names."""
        return person_in_file(stem(self.file.path), lessons)


@dataclass
class Place:
    """A folder or an archive."""

    folder: Folder
    places: list["Place"]
    notebooks: list[Notebook]
    others: list[File]

    def all_notebooks(self) -> Iterator[Notebook]:
        """Those in folders below, too."""
        yield from self.notebooks
        for place in self.places:
            yield from place.all_notebooks()

    def person(self, lessons: list[str]) -> Person | None:
        """Whom its name names."""
        return person_in_folder(stem(self.folder.path), lessons)


def looked_through(folder: Folder, lessons: list[str]) -> Place:
    """The folder and those below, with what their files are."""
    place = Place(folder, [], [], [])
    for below in folder.folders:
        inner = looked_through(below, lessons)
        if below.path.name != CHECKPOINTS:
            place.places.append(inner)
            continue
        for copy in inner.notebooks:
            copy.problem = copy.problem or JUPYTERS_COPY
        place.notebooks += inner.notebooks
    for file in folder.files:
        notebook = read(file, folder, lessons)
        place.notebooks += [notebook] if notebook else []
        place.others += [] if notebook else [file]
    without_the_course(place)
    return place


def read(file: File, folder: Folder, lessons: list[str]) -> Notebook | None:
    """The notebook in this file; None if it neither is one nor is called one."""
    name = file.path.name.lower()
    if not (".ipynb" in name or name.endswith(".json") or "." not in name):
        return None
    named = lesson_in(stem(file.path), lessons) or lesson_in(folder.path.name, lessons)
    try:
        cells = code_cells(file.content())
    except (Unreadable, NotANotebook, RecursionError, MemoryError) as error:
        return Notebook(file, folder, named, problem=str(error) or "not a notebook") if ".ipynb" in name else None
    lesson = lesson_of(cells, lessons) or named
    return Notebook(file, folder, lesson, cells, "" if lesson else "of no lesson of this course")


def lesson_of(cells: list[str], lessons: list[str]) -> str:
    """The lesson that a notebook begins, or else whose exercises it holds; "" if none."""
    source = "\n".join(cells)
    begun = BEGIN.search(source)
    if begun and begun[1] in lessons:
        return begun[1]
    found = [lesson_by_exercise().get(name) for name in exercise_ids(source)]
    return max((lesson for lesson in lessons if lesson in found), key=found.count, default="")


@cache
def lesson_by_exercise() -> dict[str, str]:
    """Exercise → lesson."""
    return {task.id: lesson for lesson, task in in_order()}


def without_the_course(place: Place) -> None:
    """Who hands in the whole folder of the course hands in its notebooks; the rest of it is not the student's."""
    folders = {below.folder.path.name: below for below in place.places}
    if "notebooks" in folders and {"solutions", "course_lib"} & set(folders):
        own = {notebook.file.path.name for notebook in folders["notebooks"].notebooks}
        solutions = [folders["solutions"]] if "solutions" in folders else []
        for notebook in (notebook for below in solutions for notebook in below.notebooks):
            notebook.problem = SOLUTION if notebook.file.path.name in own else notebook.problem
        place.places = [folders["notebooks"], *solutions]


def stem(path: Path) -> str:
    """A name without what stands behind it: 02_clip, of 02_clip.IPYNB.txt and 02_clip.tar.gz."""
    name = path.resolve().name if path.name in ("", "..") else path.name
    ends = "|".join(re.escape(end) for end in ARCHIVES)
    return re.sub(rf"(\.ipynb.*|{ends}|\.json|\.html?|\.pdf|\.py|\.docx|\.rar|\.7z)$", "", name, flags=re.IGNORECASE)
