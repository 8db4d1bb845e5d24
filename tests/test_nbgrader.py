"""nbgrader from end to end, on a lesson as it is built: release, seventeen kinds of submission, scores, feedback."""

import csv
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from classroom import LOOP, OVERLAP, OVERLAP_RIGHT, OVERLAP_TWICE, UNTOUCHED, hand_in, memorised

from course_lib.authoring.master import masters, solution_lines
from course_lib.session import REPO

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("nbgrader"), reason="nbgrader is not installed (pip install nbgrader)"),
]
LESSON = "00_welcome"
SECRET = "only the teacher knows this"
POINTS = f'points("{OVERLAP}")'
SECONDS = 300  # for a cell: the endless one waits for it, and the lesson's first picture must not need it
KINDS = {  # name: (how to write it, points)
    "right": ({}, 3),
    "untouched": (UNTOUCHED, 0),
    "known_mistake": ({"overlap": OVERLAP_TWICE}, 1),
    "raises": ({"overlap": OVERLAP_RIGHT.replace("shared /", "nobody /")}, 1),
    "syntax_error": ({"overlap": OVERLAP_RIGHT.replace("return", "retrun it")}, 1),
    "deleted_cell": ({"overlap": None}, 1),
    "deleted_set_up": ({"without": "from course_lib.exercise"}, 0),
    "deleted_points": ({"without": POINTS}, 1),
    "changed_points": ({"overlap": OVERLAP_TWICE, "replace": (POINTS, "2")}, 1),
    "copied_cell": ({"after": [OVERLAP_RIGHT]}, 3),
    "copied_then_spoiled": ({"after": [OVERLAP_TWICE]}, 1),
    "split_cell": ({"after": ["# a note of mine"], "between": ["def mine(x):\n    return x"]}, 3),
    "endless_function": ({"overlap": LOOP}, 1),
    "endless_cell": ({"between": ["while True:\n    pass"]}, 3),
    "exits": ({"between": ["import sys\nsys.exit('enough')"]}, 3),
    "memorised": ({"overlap": memorised()}, 1),
    "prints_a_lot": ({"between": ["print('x' * 100_000)"]}, 3),
}


def nbgrader(course: Path, *words: str) -> str:
    """Run one of its commands in the course's folder; returns what it said."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls alembic by name
    more = {"PATH": path, "PYTHONPATH": str(REPO), "COURSE_SECRET": SECRET, "COURSE_HOME": str(course / "home")}
    command = [sys.executable, "-m", "nbgrader", *words]
    done = subprocess.run(command, cwd=course, env={**os.environ, **more}, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which all kinds were handed in, graded, and given feedback."""
    folder = tmp_path_factory.mktemp("nbgrader")
    (folder / "source" / LESSON).mkdir(parents=True)
    shutil.copy(REPO / "solutions" / f"{LESSON}.ipynb", folder / "source" / LESSON)
    shutil.copy(REPO / "docs" / "nbgrader_config.py", folder)
    assert "ERROR" not in nbgrader(folder, "generate_assignment", LESSON)
    for name, (how, _) in KINDS.items():
        hand_in(folder / "submitted" / name / LESSON / f"{LESSON}.ipynb", **how)
    said = nbgrader(folder, "autograde", LESSON, "--create", f"--ExecutePreprocessor.timeout={SECONDS}")
    assert "Traceback" not in said, said[-3000:]
    nbgrader(folder, "export")
    nbgrader(folder, "generate_feedback", LESSON)
    return folder


def test_the_release_is_the_student_notebook(course):
    released = nbformat.read(course / "release" / LESSON / f"{LESSON}.ipynb", 4).cells
    ours = nbformat.read(REPO / "notebooks" / f"{LESSON}.ipynb", 4).cells
    assert [cell.source for cell in released] == [cell.source for cell in ours]
    assert not any(cell.get("outputs") for cell in released)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_as_expected(course, kind):
    with open(course / "grades.csv", encoding="utf-8", newline="") as stream:
        scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(stream)}
    assert scores[kind] == (KINDS[kind][1], 3.0)


def test_feedback_names_the_mistake_and_gives_no_answer_away(course):
    masters_lines = solution_lines((masters(REPO / "solutions")[0]).read_text(encoding="utf-8"))
    telling = [line for line in masters_lines if len(line) > 12]
    assert len(telling) >= 4
    for kind in ("untouched", "known_mistake", "raises", "deleted_cell", "memorised"):
        page = (course / "feedback" / kind / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")
        assert SECRET not in page and "HIDDEN" not in page
        answers = [line for line in telling if line in page and line not in OVERLAP_RIGHT]
        assert answers == [], kind
    page = (course / "feedback" / "known_mistake" / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")
    assert "counts the shared part twice" in page
