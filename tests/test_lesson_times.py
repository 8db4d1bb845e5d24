"""The minutes and the memory in a lesson's header are the measured ones."""

import json
import os
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.authoring.master import masters
from course_lib.commands import run
from course_lib.commands.watching import Watch
from course_lib.session import REPO

TIMES = json.loads(run.TIMES.read_text(encoding="utf-8"))
SOLUTIONS = REPO / "solutions"


def test_no_lesson_is_recorded_that_there_is_not():
    assert set(TIMES) <= {master.stem for master in masters(SOLUTIONS)}


def test_the_recorded_lessons_together_take_at_most_40_minutes():
    """Those that are not recorded yet are not counted: 40 minutes for all is shown when all of them are."""
    assert sum(lesson["minutes"] for lesson in TIMES.values()) <= 40


def test_what_other_children_of_this_process_hold_is_not_counted(tmp_path):
    hold = "x = bytearray(600_000_000); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        watch = Watch("small", cells=1)
        watch.execute(new_notebook(cells=[new_code_cell("1")]), tmp_path, dict(os.environ))
        other.communicate(b"\n")
    assert 10 < watch.peak_mb < 500


@pytest.mark.slow
@pytest.mark.parametrize("lesson", ["00_welcome", "05_instruction_data"])  # the others take minutes
def test_a_lesson_takes_what_its_header_says(lesson, monkeypatch):
    """In full. Off by more than half, twice, it must be recorded anew."""
    monkeypatch.setenv("COURSE_QUICK", "0")
    recorded, again = TIMES[lesson], f"python -m course_lib run {lesson} --record"
    for last in (False, True):  # once more, if other work got in between
        before = run.yardstick()
        result = run.run_lesson(SOLUTIONS / f"{lesson}.ipynb")
        speed = recorded["yardstick"] / ((before + run.yardstick()) / 2)  # below 1 where this computer is slower
        if result.minutes * speed == pytest.approx(recorded["minutes"], rel=0.5) or last:
            break
    assert result.minutes * speed == pytest.approx(recorded["minutes"], rel=0.5), again
    assert result.peak_mb == pytest.approx(recorded["peak_mb"], rel=0.5), again
