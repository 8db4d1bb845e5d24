"""`build --strings` and `build --language LANGUAGE`: the course's texts for translators, and its notebooks from theirs."""

import os
import string
from pathlib import Path

from course_lib.authoring import build, strings
from course_lib.authoring.master import masters, read_lesson
from course_lib.authoring.notebook import lay_out, student_notebook, to_text
from course_lib.checker.registry import all_tasks
from course_lib.common.text import ENGLISH, FOLDER, VARIABLE, read, say
from course_lib.session import REPO


def make_template(file: Path) -> None:
    """All English texts in one gettext template."""
    os.environ[VARIABLE] = ENGLISH
    lessons = [read_lesson(master) for master in masters(REPO / "solutions")]
    count = strings.template(lessons, list(all_tasks().values()), REPO / "course_lib", file)
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
    lessons = [strings.translated_lesson(read_lesson(master), say) for master in masters(REPO / "solutions")]
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
