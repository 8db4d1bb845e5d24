"""The course's floor plan: rooms stand in the order of the lessons, imports run downward, and folders stay small."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from course_lib.cli import registry
from course_lib.session import REPO

PACKAGE = REPO / "course_lib"
ROOMS = tuple(registry.ROOMS)  # in the order of the lessons
BELOW = ("common", "session", "checkpoints", "training", "figures", "show", "checker", "canvas")
DRAWERS = ("data", "train", "evaluate", ("ui", "full"), "exercises")  # from below; what is in none is the model
OF_INSTRUCT = ("filters", "teachers", "run", "evaluate", "ui", "exercises")
LARGE = {"course_lib": 12, "world": 17, "cli": 17, "authoring": 17}  # files in a folder; 12 elsewhere
# As on the day of the move (290; 30,900), and 51 files with 8,700 lines for the faults of real use: half of them named mistakes of
# exercises, the rest grading, endpoints and data as people bring them, and the guarded checker. A new room raises it by its own lines; last, by
# 110: LLaVA-1.5's MLP in the place of the mixture of words, with 63 of its lines from tools/, and the baking of both.
MOST_FILES, MOST_LINES = 541, 60_590


@cache
def files() -> dict[str, Path]:
    """Name of a module → its file; a package goes by its own name."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(REPO).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def imports() -> dict[str, set[str]]:
    """Module → modules of the course that it imports anywhere, also within a function; not those for type checkers only."""
    return {name: set(imported(name, ast.parse(file.read_text(encoding="utf-8")))) for name, file in files().items()}


def imported(name: str, node: ast.AST):
    """What the module imports in this part of its syntax tree."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names if alias.name in files())
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, f"{name} imports relatively: {ast.unparse(child)}"
            for alias in child.names:
                target = f"{child.module}.{alias.name}"
                target = target if target in files() else child.module
                if target in files() and target != name:
                    yield target
        else:
            yield from imported(name, child)


def where(module: str) -> tuple[str, str]:
    """(room or tool, drawer) of a module: ("clip", "train") for course_lib.clip.train_supervised."""
    _, room, drawer, *_ = (*module.split("."), "", "")
    return room, "train" if drawer.startswith("train_") else drawer


def floor(module: str) -> int:
    """The floor of its drawer within its room; 0 is the model's."""
    room, drawer = where(module)
    plan = OF_INSTRUCT if room == "instruct" else DRAWERS
    return next((number for number, names in enumerate(plan, 1) if drawer in names and drawer), 0)


def pairs() -> list[tuple[str, str]]:
    """(importing module, imported module)."""
    return [(name, target) for name, targets in imports().items() for target in sorted(targets)]


def test_a_room_imports_only_rooms_of_earlier_lessons():
    rooms = [(a, b) for a, b in pairs() if where(a)[0] in ROOMS and where(b)[0] in ROOMS]
    assert not [pair for pair in rooms if ROOMS.index(where(pair[0])[0]) < ROOMS.index(where(pair[1])[0])]


def test_within_a_room_imports_run_downward():
    same = [(a, b) for a, b in pairs() if where(a)[0] == where(b)[0] in ROOMS]
    assert not [pair for pair in same if floor(pair[0]) < floor(pair[1])]


def test_what_is_below_the_rooms_imports_none():
    assert not [(a, b) for a, b in pairs() if where(a)[0] in BELOW and where(b)[0] in ROOMS]


def test_only_commands_import_commands():
    above = ("cli", "__main__", "student_server")
    assert not [(a, b) for a, b in pairs() if where(b)[0] == "cli" and where(a)[0] not in above]


def test_no_circles():
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(f"These import each other in a circle: {' → '.join(error.args[1])}")


def test_folders_and_the_whole_stay_small():
    folders = [file.parent for file in files().values()]
    assert not {name.name: folders.count(name) for name in folders if folders.count(name) > LARGE.get(name.name, 12)}
    lines = sum(file.read_text(encoding="utf-8").count("\n") for file in files().values())
    assert len(files()) <= MOST_FILES and lines <= MOST_LINES, f"{len(files())} files, {lines:,} lines"
