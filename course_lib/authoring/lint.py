"""What every lesson must keep to: length, weight, alt texts, and no solution in what learners get."""

import ast
import inspect
import re

import nbformat
from nbformat import NotebookNode

from course_lib import show
from course_lib.authoring.master import Lesson, blanked, solution_lines

MOST_WORDS = 5_000
MOST_BYTES = 60_000  # of the student notebook, which has no outputs
MARKDOWN_IMAGE = re.compile(r"!\[(.*?)\]\(")
COMMENT = re.compile(r"<!--.*?-->")  # what nobody reads
HTML_IMAGE = re.compile(r"<img\b[^>]*>")


def problems(lesson: Lesson, student: str, lessons: list[Lesson]) -> list[str]:
    """All that is wrong with a lesson, as sentences. `student` is the text of its student notebook."""
    cells = nbformat.reads(student, 4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
    sentences = [*leaks(student, lessons), *images_without_alt(prose), *figures_without_alt(code)]
    if (words := len(COMMENT.sub("", prose).split())) > MOST_WORDS:
        sentences.append(f"it has {words:,} words; at most {MOST_WORDS:,} are read.")
    if (size := len(student.encode())) > MOST_BYTES:
        sentences.append(f"its student notebook has {size:,} bytes; the limit is {MOST_BYTES:,}.")
    return [f"{lesson.slug}: {problem}" for problem in sentences]


def leaks(student: str, lessons: list[Lesson]) -> list[str]:
    """Lines that stand only in solution regions, of any lesson, and yet in this notebook, metadata included."""
    sources = [cell.source for lesson in lessons for cell in lesson.cells]
    secret = {line for source in sources for line in solution_lines(source)}
    public = {line.strip() for source in sources for line in blanked(source).splitlines()}
    shown = {line.strip() for text in texts(nbformat.reads(student, 4)) for line in text.splitlines()}
    return [f"a line of a solution is in the student notebook: {line}" for line in sorted((secret - public) & shown)]


def texts(value: object) -> list[str]:
    """Every string in a nest of dicts and lists."""
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for child in children for text in texts(child)]


def images_without_alt(prose: str) -> list[str]:
    """Images in markdown that say nothing to who can't see them."""
    empty = [f"![{alt}](" for alt in MARKDOWN_IMAGE.findall(prose) if not alt.strip()]
    empty += [tag for tag in HTML_IMAGE.findall(prose) if not re.search(r"alt=(\"[^\"]+\"|'[^']+')", tag)]
    return [f"an image has no alt text: {image[:200]}" for image in empty]


def outputs_without_alt(notebook: NotebookNode) -> list[str]:
    """Stored pictures that say nothing to who can't see them: JupyterLab gives alt texts of HTML images only."""
    sentences = []
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        for data in (output.get("data", {}) for output in cell.outputs):
            html = data.get("text/html", "")
            bare = any(kind.startswith("image/") for kind in data) and not HTML_IMAGE.search(html)
            sentences += images_without_alt(html) + ["a picture is shown without alt text"] * bare
    return sentences


def figures_without_alt(code: str) -> list[str]:
    """Calls that draw without `alt=`. Lessons draw through course_lib.show, whose functions take it."""
    tree = ast.parse("\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!"))))
    sentences = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if name.split(".")[0] in ("plt", "pyplot"):
            sentences.append(f"`{name}` draws without alt text: use course_lib.show.")
        if takes_alt(name.removeprefix("show.")) and not any(word.arg == "alt" for word in call.keywords):
            sentences.append(f"`{name}(…)` in line {call.lineno} of the lesson's code has no `alt=`.")
    return sentences


def takes_alt(name: str) -> bool:
    """Does this function of course_lib.show draw something that needs a description?"""
    function = getattr(show, name, None)
    return inspect.isfunction(function) and "alt" in inspect.signature(function).parameters
