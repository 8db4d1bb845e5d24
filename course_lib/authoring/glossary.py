"""The words of a lesson: at `<!-- words -->` in its master stand links to those that docs/GLOSSARY.md ascribes to it."""

import re
from functools import cache

from course_lib.session import REPO
from course_lib.translation import say

from .master import Lesson, LessonError

MARK = "<!-- words -->"
PAGE = "docs/GLOSSARY.md"
TERM = re.compile(r"^## (.+)\n\n.+ \(\[(\d\d)\]\(\.\./notebooks/\w+\.ipynb\)\)$", re.MULTILINE)


@cache
def terms() -> list[tuple[str, str]]:
    """(term, number of the lesson where it is built or met first), in the order of the alphabet."""
    return TERM.findall((REPO / PAGE).read_text(encoding="utf-8"))


def with_words(lesson: Lesson, source: str) -> str:
    """A Markdown cell with the lesson's words, if it asks for them."""
    if MARK not in source:
        return source
    words = [f"[{term}](../{PAGE}#{anchor(term)})" for term, number in terms() if number == lesson.number]
    if not words:
        raise LessonError(f"{lesson.slug}: {PAGE} ascribes no word to it, so `{MARK}` has nothing to show.")
    return source.replace(MARK, f"**{say('Words:')}** {', '.join(words)}.")


def anchor(heading: str) -> str:
    """The name that GitHub, JupyterLab and MyST give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
