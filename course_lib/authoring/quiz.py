"""A lesson's quiz: written in the master as a list, shown so that a click on an option says whether it is right, and why.

In the master, below `<!-- quiz -->`:

    1. The question?
       - [x] the right option :: why it is right
       - [ ] a tempting one :: what is wrong with it

It becomes plain HTML that needs no kernel: it opens in JupyterLab, on Colab, on GitHub and on the website, with the mouse and with the
keyboard.
"""

import re
from dataclasses import dataclass
from functools import cache

from course_lib.authoring.master import Lesson, LessonError
from course_lib.checker.page import to_html
from course_lib.common.text import say
from course_lib.session import REPO

MARK = "<!-- quiz -->"
QUESTION = re.compile(r"\d+\. (.+)")
OPTION = re.compile(r" +- \[([ x])\] (.+?) :: (.+)")
FEWEST_QUESTIONS, FEWEST_OPTIONS = 3, 3


@dataclass(frozen=True)
class Option:
    """One answer to choose."""

    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class QuizQuestion:
    """What is asked, and what there is to choose."""

    text: str
    options: tuple[Option, ...]


def with_quiz(source: str) -> str:
    """A Markdown cell with its quiz, if it has one, as readers see it."""
    before, mark, after = source.partition(MARK)
    return before + to_markdown(read(after)) if mark else source


def read(text: str) -> list[QuizQuestion]:
    """The questions of the list below the mark; `LessonError` names a line or a question that is not as it should be."""
    questions: list[tuple[str, list[Option]]] = []
    for line in filter(str.strip, text.splitlines()):
        if match := QUESTION.fullmatch(line):
            questions.append((match[1], []))
        elif questions and (match := OPTION.fullmatch(line)):
            questions[-1][1].append(Option(match[2], match[1] == "x", match[3]))
        else:
            raise LessonError(f"Quiz: neither `1. question` nor `   - [x] option :: why`: {line}")
    if len(questions) < FEWEST_QUESTIONS:
        raise LessonError(f"A quiz has {FEWEST_QUESTIONS} questions or more, not {len(questions)}.")
    for question, options in questions:
        if len(options) < FEWEST_OPTIONS or sum(option.right for option in options) != 1:
            raise LessonError(
                f"Quiz: {FEWEST_OPTIONS} options or more, and one [x] among them, are wanted by: {question}"
            )
    return [QuizQuestion(question, tuple(options)) for question, options in questions]


def to_markdown(questions: list[QuizQuestion]) -> str:
    """Each option is a line that opens; what it holds is written as HTML, since Markdown is not read within HTML."""
    return (
        say("Choose, and see why.")
        + "\n"
        + "".join(
            f"\n{number}. {question.text}\n\n" + "".join(map(to_details, question.options))
            for number, question in enumerate(questions, start=1)
        ).rstrip("\n")
    )


def to_details(option: Option) -> str:
    """An option that opens with a click, or with Enter. Marks, not colours, say whether it is right."""
    verdict = f"{say('✓ Right.') if option.right else say('✗ No.')} {to_html(option.why)}"
    return f"   <details><summary>{to_html(option.text)}</summary>{verdict}</details>\n"


WORDS_MARK = "<!-- words -->"
PAGE = "docs/GLOSSARY.md"
TERM = re.compile(r"^## (.+)\n\n.+ \(\[(\d\d)\]\(\.\./notebooks/\w+\.ipynb\)\)$", re.MULTILINE)


@cache
def terms() -> list[tuple[str, str]]:
    """(term, number of the lesson where it is built or met first), in the order of the alphabet."""
    return TERM.findall((REPO / PAGE).read_text(encoding="utf-8"))


def with_words(lesson: Lesson, source: str) -> str:
    """A Markdown cell with the lesson's words, if it asks for them."""
    if WORDS_MARK not in source:
        return source
    links = [f"[{term}](../{PAGE}#{anchor(term)})" for term, number in terms() if number == lesson.number]
    if not links:
        raise LessonError(f"{lesson.slug}: {PAGE} ascribes no word to it, so `{WORDS_MARK}` has nothing to show.")
    return source.replace(WORDS_MARK, f"**{say('Words:')}** {', '.join(links)}.")


def anchor(heading: str) -> str:
    """The name that GitHub, JupyterLab and MyST give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
