"""Whose is it? What learning platforms and students write into the names of files and folders."""

import re
import unicodedata
from dataclasses import dataclass

from course_lib.common.text import readable

PLATFORMS = [  # the person, and where there is one a number that tells namesakes apart
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_.*)?",  # Moodle
    r"(?P<name>[^_]+?)(?:_LATE)?_(?P<id>\d{2,})_\d{2,}_.+",  # Canvas
    r".+_(?P<name>[^_]+)_attempt_\d{4}(?:-\d\d){5}.*",  # Blackboard
    r"\d+-\d+ - (?P<name>.+?) - \w+ \d+, \d{4} .*",  # Brightspace
    r"(?P<name>[^+]+)\+[^+]+\+\d{4}-.*",  # nbgrader's exchange
]
DATES = r"(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d(?:[T _-]*[0-2]\d[-_:.h]?[0-5]\d(?:[-_:.]?[0-5]\d)?)?"
TRIES = (
    "attempt try version draft new old backup copy kopie von of late last latest final first second third edited fixed"
)
GROUPS = "group groups team teams section class"
WORDS = (
    f"{TRIES} submission submissions submitted submit inbound handin handins homework hw assignment assignments exercise"
    " exercises task tasks lesson lessons week unit part notebook notebooks solution solutions ipynb jupyter colab untitled file"
    " files data pictures images work attachment attachments feedback download downloads export exports my done complete completed multimodal from scratch"
    f" s the and course {GROUPS}"
)
SMALL = re.compile(r"\w|\d\d|v\d+", re.ASCII)  # "Group A", "Week 02", "v2"


@dataclass(frozen=True)
class Person:
    """A name, and what tells namesakes apart."""

    name: str
    id: str = ""
    around: tuple[str, ...] = ()  # the groups in which the folder lies

    def at_length(self) -> str:
        """For namesakes."""
        return "/".join([*self.around, f"{self.name}_{self.id}" if self.id else self.name])


def by_platform(text: str) -> Person | None:
    """The person, if this is a name that a learning platform has made."""
    for pattern in PLATFORMS:
        if found := re.fullmatch(pattern, normal(text), re.DOTALL):
            return Person(found["name"].strip(" _-"), found.groupdict().get("id", ""))
    return None


def person_in_file(stem: str, lessons: list[str]) -> Person | None:
    """Whom a file's name names; None if it holds nothing but lesson, number, date and "copy of"."""
    if person := by_platform(stem):
        return person
    rest = re.sub(rf"{DATES}|\(\d*\)|\[\d*\]", "\0", without_lesson(normal(stem), lessons))  # a browser's "(1)"
    rest = re.sub(r"[\s_\-–]*\0[\s_\-–\0]*", " ", rest)
    telling = [word for word in re.finditer(r"[^\W_]+", rest) if not says_nothing(word[0])]
    return Person(rest[telling[0].start() : telling[-1].end()]) if telling else None


def person_in_folder(name: str, lessons: list[str]) -> Person | None:
    """Whom a folder's name names, as it stands unless it is made of a lesson's name, too; None as for files."""
    person = person_in_file(name, lessons)
    whole = not lesson_in(name, lessons) and not by_platform(name)
    if person is None and whole and not any(map(is_word, re.findall(r"[^\W_]+", name))):
        return Person(normal(name))  # "A", "12"
    return Person(normal(name)) if person and whole else person


def normal(text: str) -> str:
    """One spelling of accents, which macOS writes in two signs; of bytes that are no text, question marks."""
    return unicodedata.normalize("NFC", readable(text)).strip()


def without_lesson(text: str, lessons: list[str]) -> str:
    """The text with a mark in place of each lesson's name, however that is written."""
    for lesson in lessons:
        number, _, slug = lesson.partition("_")
        pattern = r"(?<!\d)0*" + re.escape(number.lstrip("0") or "0") + r"[\W_]*" + slug.replace("_", r"[\W_]*")
        text = re.sub(pattern + r"(?![^\W_])", "\0", text, flags=re.IGNORECASE)
    return text


def lesson_in(text: str, lessons: list[str]) -> str:
    """The lesson that a name names, "" if none."""
    return next((lesson for lesson in lessons if without_lesson(text, [lesson]) != text), "")


def says_nothing(word: str) -> bool:
    """Does it name nobody: "copy", "v2", a small number?"""
    return is_word(word) or bool(SMALL.fullmatch(word))


def is_word(word: str) -> bool:
    """Is it one of the words that stand around names, with or without a number?"""
    return re.sub(r"\d{0,2}$", "", word.lower()) in WORDS.split()


def is_try(text: str) -> bool:
    """Is it the name of somebody's first or last version?"""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return bool(words) and all(word in TRIES.split() or len(word) == 1 for word in words)


def is_group(text: str) -> bool:
    """Is it the name of a group, and of nobody in it: "Group A"?"""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return all(map(says_nothing, words)) and any(word in GROUPS.split() for word in words)
