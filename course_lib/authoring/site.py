"""`build --site`: the solved lessons and the pages beside them as one static book with search, made by Sphinx where it is installed."""

import importlib.util
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

from course_lib.authoring import gallery
from course_lib.authoring.colab import Release, release
from course_lib.authoring.master import Lesson, masters, read_lesson
from course_lib.figures import MIME
from course_lib.session import REPO

NEEDS = ("sphinx", "myst_nb", "sphinx_book_theme", "latex2mathml")
LIST = "requirements-site.txt"
PAGES = (
    "docs/GLOSSARY.md", "docs/FIGURES.md", "docs/TROUBLESHOOTING.md", "docs/KEYBOARD.md", "docs/COLAB.md", "docs/INSTRUCTORS.md",
    "docs/TALK.md", "docs/SERVER.md", "data/README.md", "data/instruct/README.md",
)  # fmt: skip
GALLERY = "gallery.md"
PICTURES = ("docs/img", "data/contact_sheets")
NOT_PUBLISHED = (".doctrees", ".buildinfo", "*webpack-macros.html")  # Sphinx' notes, and the theme's templates
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
FOREWORD = """\
> This is the course **solved**: all that the lessons print and draw is here to read, and to search. To write the functions
> yourself, open the notebooks as the next section says.

## """
STYLE = """\
table { display: block; overflow-x: auto; }  /* figures have many columns */
td:last-child { min-width: 15em; }  /* and a note at their end */
div.math { text-align: center; margin: 1em 0; }  /* formulas: the theme sets them at the right, for their numbers */
.bd-header { display: none; }  /* a second search field: the theme has one at the side already */
"""
CONTENTS = "\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n{entries}\n```\n"
SETTINGS = {
    "project": "Multimodal from Scratch",
    "extensions": ["myst_nb", "course_lib.authoring.site_formulas"],
    "html_theme": "sphinx_book_theme",
    "html_title": "Multimodal from Scratch",
    "html_static_path": ["_static"],
    "html_css_files": ["course.css"],
    "html_math_renderer": "mathml",  # formulas are written into the page: MathJax would come from another computer
    "html_copy_source": False,
    "html_show_copyright": False,
    "html_theme_options": {"home_page_in_toc": True, "use_download_button": False, "show_toc_level": 2},
    "nb_execution_mode": "off",  # the outputs are those of the committed solutions
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 3,
}


def make(target: Path, root: Path = REPO) -> list[str]:
    """Write the site into the folder `target`, in place of the last one; returns what is wrong with it."""
    if missing := [name for name in NEEDS if not importlib.util.find_spec(name)]:
        install = f"{sys.executable} -m pip install -r {LIST}"
        return [f"The site needs packages that the lessons do not: {', '.join(missing)}. To get them: {install}"]
    with tempfile.TemporaryDirectory() as scratch:
        source, output = Path(scratch, "source"), Path(scratch, "made")
        stage(source, root)
        if problems := run_sphinx(source, output):
            return problems
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(output, target, ignore=shutil.ignore_patterns(*NOT_PUBLISHED))
    print(f"✓ {target / 'index.html'}: open it in a browser, or put the folder on any web server.")
    return []


def stage(source: Path, root: Path = REPO) -> None:
    """Lay out what Sphinx reads as it lies in the repository, so that links hold; solved lessons stand in for the blanks."""
    lessons = [read_lesson(master) for master in masters(root / "solutions")]
    pages = [page for page in PAGES if (root / page).exists()]
    for folder in PICTURES:
        if (root / folder).exists():
            shutil.copytree(root / folder, source / folder)
    texts = {page: (root / page).read_text(encoding="utf-8") for page in pages}
    if (root / gallery.FOLDER).is_dir():
        texts[GALLERY] = gallery.page(root / gallery.FOLDER)
    texts["index.md"] = first_page((root / "README.md").read_text(encoding="utf-8"), lessons, list(texts))
    there = {*texts, *(f"notebooks/{lesson.slug}.ipynb" for lesson in lessons)}
    for page, text in texts.items():
        write(source / page, with_links(text, Path(page).parent, there, release(root / "pyproject.toml")))
    write(source / "_static" / "course.css", STYLE)
    for lesson in lessons:
        notebook = nbformat.read(root / "solutions" / f"{lesson.slug}.ipynb", 4)
        for_readers(notebook)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = with_links(cell.source, Path("notebooks"), there, release(root / "pyproject.toml"))
        write(source / "notebooks" / f"{lesson.slug}.ipynb", nbformat.writes(notebook, version=4))


def first_page(readme: str, lessons: list[Lesson], pages: list[str]) -> str:
    """README with a foreword and the table of contents, which the site shows at its side."""
    parts = {
        "Lessons": [f"notebooks/{lesson.slug}" for lesson in lessons],
        "Beside the lessons": [page.removesuffix(".md") for page in pages],
    }
    contents = [CONTENTS.format(caption=caption, entries="\n".join(entries)) for caption, entries in parts.items()]
    return readme.replace("## ", FOREWORD, 1) + "".join(contents)


def with_links(text: str, folder: Path, there: set[str], of: Release) -> str:
    """The Markdown text of a page in `folder`; links to files that the site lacks lead to the repository, or are mere words."""

    def mend(link: re.Match) -> str:
        file = Path("/", folder, link[2]).resolve().relative_to("/").as_posix()
        if file == "README.md":
            file = "index.md"
        if file in there:
            return link[0].replace("README.md", "index.md") if file == "index.md" else link[0]
        return f"[{link[1]}](https://github.com/{of.repository}/blob/{of.tag}/{file})" if of.repository else link[1]

    return LINK.sub(mend, text)


def for_readers(notebook: nbformat.NotebookNode) -> None:
    """Fold the set-up cell, which is collapsed in notebooks, too; leave away what only `run` reads in the outputs."""
    for cell in notebook.cells:
        if cell.metadata.pop("cellView", ""):
            cell.metadata["tags"] = ["hide-input"]
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(MIME, None)


def run_sphinx(source: Path, output: Path) -> list[str]:
    """Sphinx' build; returns its warnings, each of which is a fault of ours: a link or a picture that leads nowhere."""
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    warnings = io.StringIO()
    places = (source, None, output, output / ".doctrees")
    try:
        with patch_docutils(None), docutils_namespace():  # leaves docutils as it was, so that one may build again
            app = Sphinx(*places, "html", confoverrides=SETTINGS, status=None, warning=warnings)
            app.build(force_all=True)
    except SphinxError as error:
        return [str(error)]
    plain = re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue())
    return [line.replace(f"{source}/", "") for line in plain.splitlines() if line.strip()]


def write(file: Path, text: str) -> None:
    """Write a file of the book."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
