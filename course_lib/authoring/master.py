"""Read a lesson's master, `solutions/NN_slug.py`: front matter, then cells in jupytext's py:percent form."""

import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import yaml
from nbformat import NotebookNode

from course_lib.common.errors import Problem

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FRONT_MATTER = {"title": str, "objectives": list, "prerequisites": list, "minutes": int}
OPTIONAL = {"gpu": str}
KINDS = {str: "text", list: "a list", int: "a whole number"}
FILE_NAME = re.compile(r"\d\d_[a-z0-9_]+\.py")


class LessonError(Problem):
    """A master that can't become a lesson. The text says what and where."""


@dataclass(frozen=True)
class Lesson:
    """A master as it was read."""

    slug: str  # "02_clip"
    title: str
    objectives: list[str]  # what the learner can do afterwards
    prerequisites: list[str]
    minutes: int  # of reading and exercises, a person's
    cells: list[NotebookNode]
    gpu: str = ""  # why its full tier needs a GPU, in a sentence

    @property
    def number(self) -> str:
        """ "02"."""
        return self.slug[:2]


def masters(folder: Path) -> list[Path]:
    """All masters of a folder, in the order of the course."""
    return sorted(file for file in folder.glob("*.py") if FILE_NAME.fullmatch(file.name))


def read_lesson(master: Path) -> Lesson:
    """Read one master; `LessonError` if its front matter is not as it should be."""
    try:
        text = master.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LessonError(f"{master.name} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    try:
        front, *cells = jupytext.reads(text, fmt="py:percent").cells or [None]
    except Exception as error:  # jupytext reads the front matter, too, and raises what its parsers raise
        raise LessonError(f"{master.name} can't be read as a py:percent script: {error}") from None
    if front is None or front.cell_type != "raw" or not front.source.startswith("---"):
        raise LessonError(f"{master.name} must begin with front matter: `# ---`, {', '.join(FRONT_MATTER)}, `# ---`.")
    try:
        fields = yaml.safe_load(front.source.strip().strip("-"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LessonError(f"{master.name}: the front matter is not YAML: {error}") from None
    if not isinstance(fields, dict) or set(fields) - set(OPTIONAL) != set(FRONT_MATTER):
        raise LessonError(
            f"{master.name}: the front matter must hold {', '.join(FRONT_MATTER)}, and nothing else but {', '.join(OPTIONAL)}."
        )
    for name, kind in (FRONT_MATTER | OPTIONAL).items():
        if name in fields and not isinstance(fields[name], kind):
            raise LessonError(f"{master.name}: `{name}` in the front matter must be {KINDS[kind]}.")
    if any(not isinstance(item, str) for kind in ("objectives", "prerequisites") for item in fields[kind]):
        raise LessonError(f"{master.name}: each item of the front matter is a text; one with a colon stands in quotes.")
    return Lesson(slug=master.stem, cells=cells, **fields)


def blanked(source: str) -> str:
    """The source with `...` in the place of every solution region, at its indentation."""
    lines, inside = [], False
    for line in source.splitlines():
        stripped = line.strip()
        if stripped in (BEGIN, END):
            if inside == (stripped == BEGIN):
                raise LessonError(f"`{stripped}` has no counterpart in the cell that begins: {source.splitlines()[0]}")
            inside = stripped == BEGIN
            if inside:
                lines.append(line[: len(line) - len(line.lstrip())] + "...")
        elif not inside:
            lines.append(line)
    if inside:
        raise LessonError(f"`{BEGIN}` has no counterpart in the cell that begins: {source.splitlines()[0]}")
    return "\n".join(lines)


def solution_lines(source: str) -> list[str]:
    """The lines inside solution regions, stripped, without empty ones."""
    inside, lines = False, []
    for line in map(str.strip, source.splitlines()):
        if line in (BEGIN, END):
            inside = line == BEGIN
        elif inside and line:
            lines.append(line)
    return lines
