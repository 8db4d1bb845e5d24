"""What ties the notebooks to a place on the web: the set-up cell and the badges, both from `[tool.course]` in pyproject.toml."""

import re
from dataclasses import dataclass
from pathlib import Path

from course_lib.authoring.master import Lesson, LessonError
from course_lib.session import REPO

CELL = Path(__file__).with_name("setup_cell.py")
PLACEHOLDER = 'REPOSITORY, TAG = "", "v0.0.0"'
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
README_TEXT = """\
first cell
finds the course, adds the one package that Colab lacks, leaves all others as they are, and can keep your work on your Drive.
[docs/COLAB.md](docs/COLAB.md) says how, and what has not been tried there."""
SECTION = re.compile(r"^\[tool\.course\]\n(.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Release:
    """Where the course can be had, and which version of it."""

    repository: str  # "owner/name" on GitHub; "" while there is none: notebooks then look for course_bundle.zip
    tag: str  # "v0.1.0"


def release(file: Path = REPO / "pyproject.toml") -> Release:
    """What pyproject.toml says; `LessonError` if it is not of that form."""
    section = SECTION.search(file.read_text(encoding="utf-8"))
    fields = dict(re.findall(r'^(\w+) = "(.*?)"', section[1], re.MULTILINE)) if section else {}
    if set(fields) != {"repository", "tag"}:
        raise LessonError(
            'pyproject.toml needs [tool.course] with repository = "owner/name" (or "") and tag = "v1.2.3".'
        )
    if not re.fullmatch(r"([\w.-]+/[\w.-]+)?", fields["repository"]) or not re.fullmatch(
        r"v\d+\.\d+\.\d+", fields["tag"]
    ):
        raise LessonError(f"pyproject.toml, [tool.course]: {fields} is not a GitHub repository and a version.")
    return Release(**fields)


def setup_cell(of: Release) -> str:
    """The first code cell of every notebook: the same in all of them."""
    return (
        CELL.read_text(encoding="utf-8")
        .replace(PLACEHOLDER, f'REPOSITORY, TAG = "{of.repository}", "{of.tag}"')
        .strip()
    )


def readme(text: str, of: Release, lessons: list[Lesson]) -> str:
    """README's text with its paragraph on Colab, between two comments, made anew."""
    badges = " ".join(f"{lesson.number} {badge(of, lesson.slug)}" for lesson in lessons)
    how = (
        f"open a lesson: {badges}\n\nThere, the" if of.repository else "upload a notebook and `course_bundle.zip`; the"
    )
    return re.sub(
        r"(?<=<!-- colab:begin -->\n).*?(?=<!-- colab:end -->)",
        lambda _: f"**On Colab** {how} {README_TEXT}\n",
        text,
        flags=re.DOTALL,
    )


def badge(of: Release, slug: str) -> str:
    """A link that opens the lesson on Colab (markdown); "" while there is no repository."""
    if not of.repository:
        return ""
    address = f"https://colab.research.google.com/github/{of.repository}/blob/{of.tag}/notebooks/{slug}.ipynb"
    return f"[![Open in Colab]({BADGE})]({address})"
