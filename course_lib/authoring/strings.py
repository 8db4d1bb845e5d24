"""All that can be translated, in one gettext template; and a lesson in another language
(`build --strings`, `build --language LANGUAGE`).

A lesson's prose is cut at blank lines, items and rows, so that a message is a paragraph. Formulas, code and comments are left
out. Put together again untranslated, the pieces give the lesson to the letter.
"""

import os
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from nbformat import NotebookNode, from_dict

from course_lib.authoring import build
from course_lib.authoring.master import Lesson, masters, read_lesson
from course_lib.authoring.notebook import lay_out, student_notebook, to_text
from course_lib.checker.registry import all_tasks
from course_lib.checker.task import Task
from course_lib.common.text import ENGLISH, FOLDER, VARIABLE, read, say
from course_lib.session import REPO

FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)  # code within Markdown
BREAK = re.compile(r"(\n\s*\n|\n(?= *(?:- |\d+\. |\|)))")  # before a paragraph, an item, a row


MARKER = re.compile(
    r"^( *(?:- (?:\[[ x]\] )?|\d+\. |#+ ))?(.*)$", re.DOTALL
)  # what begins an item or a heading; its text
SILENT = re.compile(r"<!--.*-->|\$\$.*\$\$|[\W\d_]*", re.DOTALL)  # comments, formulas, rules of tables
Translate = Callable[[str], str]


def translated_markdown(source: str, translate: Translate) -> str:
    """Every piece of prose through `translate`; all else as it was."""
    parts = FENCE.split(source)
    parts[::2] = [_prose(part, translate) for part in parts[::2]]
    return "".join(parts)


def _prose(text: str, translate: Translate) -> str:
    """Pieces between breaks; of an option of a quiz, option and reason apart."""
    pieces = BREAK.split(text)
    for number in range(0, len(pieces), 2):
        mark, words = MARKER.fullmatch(pieces[number]).groups(default="")
        translations = [one if SILENT.fullmatch(one) else translate(one) for one in words.split(" :: ")]
        pieces[number] = mark + " :: ".join(translations)
    return "".join(pieces)


def translated_lesson(lesson: Lesson, translate: Translate) -> Lesson:
    """A lesson whose prose went through `translate`; its code is untouched."""
    return replace(
        lesson,
        title=translate(lesson.title),
        objectives=[translate(one) for one in lesson.objectives],
        prerequisites=[translate(one) for one in lesson.prerequisites],
        gpu=lesson.gpu and translate(lesson.gpu),
        cells=[_cell(cell, translate) for cell in lesson.cells],
    )


def _cell(cell: NotebookNode, translate: Translate) -> NotebookNode:
    copy = from_dict(cell)
    if copy.cell_type == "markdown":
        copy.source = translated_markdown(copy.source, translate)
    return copy


def messages(lessons: Sequence[Lesson], tasks: Sequence[Task], code: Path) -> Iterator[tuple[str, str]]:
    """(where it stands, English text), with repetitions: of lessons, of exercises, and of `say("…")` in the folder `code`."""
    for lesson in lessons:
        found: list[str] = []
        translated_lesson(lesson, lambda text, found=found: found.append(text) or text)
        yield from ((f"solutions/{lesson.slug}.py", text) for text in found)
    for task in tasks:
        yield from ((task.id, text) for text in (task.title, *task.hints, *(one.message for one in task.mistakes)))
    yield from said_texts(code)


def said_texts(code: Path) -> Iterator[tuple[str, str]]:
    """(file, text) of every `say("…")`."""
    from babel.messages.extract import extract_from_dir

    rules = extract_from_dir(code, [("**.py", "python")], {"**.py": {"encoding": "utf-8"}}, {"say": None})
    for file, _, text, *_ in rules:
        yield f"{code.name}/{file}", text


def template(lessons: Sequence[Lesson], tasks: Sequence[Task], code: Path, file: Path) -> int:
    """Write the template; returns how many messages it has. The same course gives the same bytes."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    created = datetime(2026, 1, 1, tzinfo=UTC)  # any fixed day
    catalog = Catalog(project="Multimodal from Scratch", version="1", charset="utf-8", creation_date=created)
    for place, text in messages(lessons, tasks, code):
        catalog.add(text, locations=[(place, 0)])
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        write_po(stream, catalog, include_lineno=False, width=100)
    return len(catalog)


def make_template(file: Path) -> None:
    """All English texts in one gettext template."""
    os.environ[VARIABLE] = ENGLISH
    lessons = [read_lesson(master) for master in masters(REPO / "solutions")]
    count = template(lessons, list(all_tasks().values()), REPO / "course_lib", file)
    print(f"✓ {count} texts in {file.parent.name}/{file.name}. Copy it to translations/LANGUAGE.po, and translate.")


def make_notebooks(language: str, folder: Path) -> list[str]:
    """The student's notebooks in another language; returns what is wrong."""
    try:
        known = read(FOLDER / f"{language}.po")
    except (OSError, ValueError) as error:
        return [f"translations/{language}.po can't be read: {error}. `build --strings` makes the file to begin with."]
    if wrong := [text for text, translation in known.items() if names(text) != names(translation)]:
        return [f"translations/{language}.po: other {{names}} than in the English text: {text}" for text in wrong]
    os.environ[VARIABLE] = language
    lessons = [translated_lesson(read_lesson(master), say) for master in masters(REPO / "solutions")]
    tasks = all_tasks()
    folder.mkdir(exist_ok=True)
    for lesson in lessons:
        cells = lay_out(lesson, build.lesson_header(REPO, lesson, lessons), tasks)
        build.write(folder / f"{lesson.slug}.ipynb", to_text(student_notebook(cells)))
    print(f"✓ {len(lessons)} lessons in {folder.name}/. {VARIABLE}={language} makes the rest of the course follow.")
    return []


def names(text: str) -> set[str]:
    """The {names} that a text is filled in with; none where its braces are formulas."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name and name.isidentifier()}
    except ValueError:
        return set()
