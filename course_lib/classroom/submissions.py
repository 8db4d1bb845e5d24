"""Which notebook is whose, and of which lesson: one rule for what learning platforms, teachers and students make of a folder.

A student is the outermost folder (or archive) on the way to a notebook, not counting

- folders whose names say nobody's: a lesson's, "submissions", "Week 2";
- a folder around students: one that holds, in two folders or more, notebooks of the same lesson, and none of it itself;
  the only folder of all may hold some itself, and others than of the same lesson.

A notebook outside of such folders belongs to whom its own name names. Of each student and lesson the readable notebook
counts that was changed last, and of those changed at the same time the last by name.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.classroom.folders import ARCHIVES, CLOSED, File, Folder, Unreadable, scan
from course_lib.classroom.names import Person, by_platform, is_group, is_try, lesson_in
from course_lib.classroom.places import JUPYTERS_COPY, Notebook, Place, looked_through, stem
from course_lib.common.text import readable

INSTEAD = (".html", ".htm", ".pdf", ".docx", *CLOSED, *ARCHIVES)  # what some hand in instead of a notebook
BESIDE = 20_000_000  # bytes of a student's own files that go with a notebook


@dataclass(frozen=True)
class Submission:
    """One notebook that somebody handed in, or that somebody handed in none."""

    student: str
    lesson: str  # "02_clip"; "" if that can't be told
    file: Path  # of somebody who handed in none: the folder
    problem: str = ""  # why it can't be graded
    cells: tuple[str, ...] = field(default=(), repr=False)
    passed_over: tuple[str, ...] = ()  # others of this student and lesson, each with the reason
    folder: Folder | None = field(default=None, repr=False)  # in which it lies, if that is this student's own

    def beside(self) -> Iterator[tuple[str, bytes]]:
        """(name, content) of what lies beside the notebook and below: modules, pictures, data of the student's."""
        left = BESIDE
        files = sorted(self.folder.all_files(), key=is_notebook) if self.folder else []
        for file in files:  # notebooks last, which are large
            name = file.path.relative_to(self.folder.path)
            if name.parts[0] == "course_lib":
                continue
            try:
                content = file.content()
            except Unreadable:
                continue
            left -= len(content)
            if left < 0:
                return
            yield str(name), content


@dataclass
class HandedIn:
    """What one student has handed in."""

    places: list[Path] = field(default_factory=list)
    notebooks: list[tuple[Notebook, bool]] = field(default_factory=list)  # and: is its folder the student's own?
    others: list[File] = field(default_factory=list)

    def take(self, other: "HandedIn") -> None:
        """Add what was found elsewhere."""
        self.places += other.places
        self.notebooks += other.notebooks
        self.others += other.others

    def lessons(self) -> set[str]:
        """Of its notebooks."""
        return {notebook.lesson for notebook, _ in self.notebooks}


def find(folder: Path, lessons: list[str]) -> list[Submission]:
    """Of each student and lesson the notebook that counts; and what can't be graded, with the reason; by student and lesson."""
    found = Finder(lessons)
    found.around_students(looked_through(scan(folder), lessons), ())
    submissions = [one for name, handed_in in found.by_name().items() for one in choose(name, handed_in, folder)]
    return sorted(submissions, key=lambda one: (one.student, one.lesson or one.file.stem))


class Finder:
    """Goes through the folders, and notes what is whose."""

    def __init__(self, lessons: list[str]) -> None:
        self.lessons = lessons
        self.handed_in: dict[Person, HandedIn] = {}

    def of(self, person: Person) -> HandedIn:
        """What this person handed in."""
        return self.handed_in.setdefault(person, HandedIn())

    def around_students(self, place: Place, groups: tuple[str, ...]) -> None:
        """Give what lies in this folder to those whose it is."""
        places, notebooks, others = self.without_wrappers(place)
        named = [(notebook, notebook.person(self.lessons)) for notebook in notebooks]
        alone = len(places) == 1 and not notebooks
        classes = [below for below in places if self.is_class(below, alone)]
        theirs = [one for one in places if not notebooks or any(one.all_notebooks())]  # else its pictures and the like
        telling = classes or any(person for _, person in named) or any(one.person(self.lessons) for one in theirs)
        if not telling and not self.is_repeated(place):
            self.all_of(place, place.person(self.lessons) or Person(stem(place.folder.path)), groups)
            return
        for below in places:
            person = below.person(self.lessons)
            if below in classes:
                self.around_students(below, (*groups, stem(below.folder.path)))
            else:
                self.all_of(below, person or Person(stem(below.folder.path)), groups)
        for notebook, person in named:
            if person or notebook.problem != JUPYTERS_COPY:
                person = person or Person(stem(notebook.file.path))
                self.of(Person(person.name, person.id, groups)).notebooks.append((notebook, False))
        for file in others:
            name = stem(file.path)
            telling = by_platform(name) or (
                lesson_in(name, self.lessons) and file.path.name.lower().endswith((*INSTEAD, ".py"))
            )
            if telling or file.problem:
                person = Notebook(file, place.folder).person(self.lessons) or Person(name)
                self.of(Person(person.name, person.id, groups)).others.append(file)

    def all_of(self, place: Place, person: Person, groups: tuple[str, ...]) -> None:
        """All in this folder is one person's."""
        notebooks = [(notebook, True) for notebook in place.all_notebooks()]
        others = [file for file in place.folder.all_files() if not is_notebook(file)]
        self.of(Person(person.name, person.id, groups)).take(HandedIn([place.folder.path], notebooks, others))

    def without_wrappers(self, place: Place) -> tuple[list[Place], list[Notebook], list[File]]:
        """What lies in a folder, as if what lies in folders of nobody's name ("02_clip", "submissions") lay in it, too."""
        places, notebooks, others = [], list(place.notebooks), list(place.others)
        for below in place.places:
            nameless = [n for n in below.notebooks if not n.person(self.lessons) and n.problem != JUPYTERS_COPY]
            name = stem(below.folder.path)
            if below.person(self.lessons) or is_try(name) or is_group(name) or nameless:
                places.append(below)
                continue
            inner = self.without_wrappers(below)
            places, notebooks, others = places + inner[0], notebooks + inner[1], others + inner[2]
        return places, notebooks, others

    def is_repeated(self, place: Place) -> bool:
        """Holds it a lesson several times, in files or folders that are no tries of one student? Each may be somebody's."""
        apart = [[notebook] for notebook in place.notebooks]
        apart += [list(one.all_notebooks()) for one in place.places if not is_try(stem(one.folder.path))]
        return (
            most(lesson for notebooks in apart for lesson in {one.lesson for one in notebooks if not one.problem}) >= 2
        )

    def is_class(self, place: Place, alone: bool) -> bool:
        """Is this folder one around students? `alone`: there is no other beside it."""
        places, notebooks, _ = self.without_wrappers(place)
        persons = {notebook.person(self.lessons) for notebook in notebooks} - {None}
        if len({one for one in persons if alone or one.id}) >= 2:
            return True
        if not alone:  # then an archive is what one student packed
            places = [one for one in places if not is_packed(one.folder.path.relative_to(place.folder.path))]
        if alone and any(self.is_class(one, len(places) == 1) for one in places):
            return True
        if is_group(stem(place.folder.path)) and places and not notebooks:
            return True
        places = [one for one in places if one.person(self.lessons) and not is_try(stem(one.folder.path))]
        if alone:
            return sum(any(one.all_notebooks()) if notebooks else might_be_a_students(one) for one in places) >= 2
        lessons = (lesson for one in places for lesson in {notebook.lesson for notebook in one.all_notebooks()})
        return not notebooks and most(lessons) >= 2

    def by_name(self) -> dict[str, HandedIn]:
        """Students' names → what each handed in. Namesakes are told apart; who is in two folders is one, if lessons don't clash."""
        persons: dict[Person, HandedIn] = {}
        for person, handed_in in self.handed_in.items():
            other = next((one for one in persons if (one.name, one.id) == (person.name, person.id)), None)
            if other and not persons[other].lessons() & handed_in.lessons():
                persons[other].take(handed_in)
            else:
                persons[person] = handed_in
        names = Counter(person.name for person in persons)
        return {one.name if names[one.name] == 1 else one.at_length(): handed_in for one, handed_in in persons.items()}


def is_notebook(file: File) -> bool:
    """By its name."""
    return ".ipynb" in file.path.name.lower()


def is_packed(path: Path) -> bool:
    """Leads this path through an archive?"""
    return any(part.lower().endswith(ARCHIVES) for part in path.parts)


def most(lessons: Iterable[str]) -> int:
    """How often the most frequent of them occurs; "" does not count."""
    return max(Counter(filter(None, lessons)).values(), default=0)


def might_be_a_students(place: Place) -> bool:
    """Holds this folder a notebook, what some take for one, or nothing at all?"""
    files = list(place.folder.all_files())
    return not files or any(is_notebook(file) or file.path.name.lower().endswith(INSTEAD) for file in files)


def described(file: File) -> str:
    """Its name, and what is wrong with it."""
    name = readable(file.path.name)
    return f"{name} ({file.problem})" if file.problem else name


def choose(student: str, handed_in: HandedIn, root: Path) -> Iterator[Submission]:
    """Of each lesson the readable notebook that was changed last; where there is none, one with the reason."""

    def order(pair: tuple[Notebook, bool]) -> tuple:
        notebook = pair[0]
        return (
            not notebook.problem,
            notebook.problem != JUPYTERS_COPY,
            notebook.file.modified,
            notebook.file.path.as_posix(),
        )

    by_lesson: dict[str, list[tuple[Notebook, bool]]] = {}
    for pair in handed_in.notebooks:
        by_lesson.setdefault(pair[0].lesson or pair[0].file.path.stem, []).append(pair)
    closed = tuple(described(file) for file in handed_in.others if file.problem)  # there might be a notebook in it
    for pairs in by_lesson.values():
        *older, (best, own) = sorted(pairs, key=order)
        passed_over = [f"{shown(one, root)} ({one.problem or 'changed earlier'})" for one, _ in older]
        yield Submission(
            student, best.lesson, best.file.path, best.problem, tuple(best.cells), (*passed_over, *closed), best.folder if own else None
        )  # fmt: skip
    if not by_lesson:
        others = ", ".join(map(described, handed_in.others[:5])) + ", …" * (len(handed_in.others) > 5)
        place = handed_in.places[0] if handed_in.places else root
        yield Submission(student, "", place, f"no notebook, but {others}" if others else "no notebook, nothing at all")


def shown(notebook: Notebook, root: Path) -> str:
    """Where it lies."""
    return readable(notebook.file.path.relative_to(root).as_posix())
