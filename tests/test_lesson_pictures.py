"""Every lesson has a diagram, and at least half of its pictures are no bars: counted in the masters' code, nothing is run."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from course_lib.authoring.master import read_lesson
from course_lib.session import REPO

MASTERS = sorted((REPO / "solutions").glob("*.py"))
PICTURES = {"annotated", "boxed", "clouds", "curves", "heat", "highest", "history", "masks", "matrix", "pictures"}
KINDS = dict.fromkeys(PICTURES, "picture") | {"bars": "bars", "diagram": "diagram", "LossCurve": "picture"}
KINDS |= {"show_figure": "picture", "show_png": "picture"}  # dots and intervals of measured figures count as neither
DEPTH = 4  # how far a lesson's call may lie from what draws


@cache
def files_of(name: str) -> tuple[Path, ...]:
    """The file of a module under course_lib, or all files of a package; () if there is none of this name."""
    path = REPO.joinpath(*name.split("."))
    files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return tuple(file for file in files if file.is_file())


@cache
def definitions(module: str) -> dict[str, tuple[ast.AST, dict]]:
    """Function or class of a module → (its syntax, what its file imports)."""
    found = {}
    for file in files_of(module):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known = imports(tree)
        defined = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
        found |= {node.name: (node, known) for node in defined}
    return found


def imports(tree: ast.AST) -> dict[str, tuple[str, str]]:
    """Local name → (module, name in it; "" for the module itself)."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_lib"):
            for one in node.names:
                whole = f"{node.module}.{one.name}"
                known[one.asname or one.name] = (whole, "") if files_of(whole) else (node.module, one.name)
    return known


def drawn_by(node: ast.AST, known: dict[str, tuple[str, str]], own: str, depth: int = DEPTH) -> Counter:
    """How many diagrams, bars and other pictures the calls in this code lead to; a call that draws several kinds counts for each."""
    counts = Counter()
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        *path, name = ast.unparse(call.func).split(".")
        module, original = known.get(path[0] if path else name, ("" if path else own, name))
        target = name if path else original
        if module.startswith("course_lib.show"):
            counts.update(filter(None, [KINDS.get(target)]))
        elif module and depth:
            counts.update(kinds_of(module, target, depth - 1))
    return counts


@cache
def kinds_of(module: str, name: str, depth: int) -> frozenset[str]:
    """What a function or class of the course draws."""
    if name not in definitions(module):
        return frozenset()
    return frozenset(drawn_by(*definitions(module)[name], module, depth))


def lesson_counts(master: Path) -> Counter:
    """Of a whole lesson; what its own functions draw counts once, where they are written."""
    cells = [cell for cell in read_lesson(master).cells if cell.cell_type == "code"]
    tree = ast.parse("\n".join(cell.source for cell in cells))
    return drawn_by(tree, imports(tree), own="")


def missing(counts: Counter) -> str:
    """What a lesson lacks, in words; "" if nothing."""
    few = counts["bars"] > counts["picture"] + counts["diagram"]
    return " and ".join(["a diagram"] * (not counts["diagram"]) + ["pictures that are no bars"] * few)


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.stem)
def test_a_lesson_has_a_diagram_and_not_bars_alone(master):
    counts = lesson_counts(master)
    assert not missing(counts), f"{master.stem} lacks {missing(counts)}: it has {dict(counts)}"


def test_calls_are_followed_to_what_draws():
    lesson = """
from course_lib import show
from course_lib.figures import show as show_figures
from course_lib.llava.evaluate import patches
from course_lib.llava.ui import show_turns
show.bars({}, alt="", limit=1)
show.diagram({}, [], alt="")
patches.show_words(model, scene)
show_turns(model, picture, questions)
show_figures([])
print("bars")
"""
    tree = ast.parse(lesson)
    assert drawn_by(tree, imports(tree), own="") == {"bars": 1, "diagram": 1, "picture": 2}
    assert missing(Counter(bars=2, picture=1)) == "a diagram and pictures that are no bars"
    assert missing(Counter(bars=1, diagram=1)) == ""
