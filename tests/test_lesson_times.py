"""A lesson's header says what was recorded, and that the record is old where the code has changed since. Nothing is timed here."""

import json
import shutil
import subprocess
import sys
from argparse import Namespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from toy_course import FOLDER

from course_lib.authoring import build, execute, parts
from course_lib.authoring.execute import Watch
from course_lib.authoring.master import masters, read_lesson
from course_lib.session import REPO

TIMES = execute.measured(REPO)
OLD = "before the last change of its code"
STALE = "• 08_plain: its minutes were recorded before its code changed; `python -m course_lib run 08 --record` measures anew."


def header(root, slug, folder="notebooks"):
    return nbformat.read(root / folder / f"{slug}.ipynb", 4).cells[0].source


def test_every_lesson_is_recorded_and_no_other():
    assert set(TIMES) == {master.stem for master in masters(REPO / "solutions")}


def test_the_first_eight_lessons_take_at_most_35_minutes_and_all_at_most_70():
    first = {"00", "02", "04", "05", "06", "07", "10", "11"}
    minutes = {slug[:2]: lesson["minutes"] for slug, lesson in TIMES.items()}
    assert sum(minutes[number] for number in first) <= 35 and sum(minutes.values()) <= 70


@pytest.mark.parametrize("slug", sorted(TIMES))
def test_the_header_says_what_was_recorded_and_whether_it_is_old(slug):
    lesson, times = read_lesson(REPO / "solutions" / f"{slug}.py"), TIMES[slug]
    stale = times.get("master") != execute.code_hash(lesson.cells)
    for folder in ("notebooks", "solutions"):
        assert parts.machine_time(times, stale) in header(REPO, slug, folder)
        assert (OLD in header(REPO, slug, folder)) == stale


@pytest.mark.parametrize("slug", sorted(TIMES))
def test_a_record_of_the_solved_notebook_is_one_of_its_master(slug):
    notebook = nbformat.read(REPO / "solutions" / f"{slug}.ipynb", 4)
    assert execute.code_hash(notebook.cells) == execute.code_hash(read_lesson(REPO / "solutions" / f"{slug}.py").cells)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course of one toy lesson, executed."""
    (tmp_path / "solutions").mkdir()
    shutil.copy(FOLDER / "solutions" / "08_plain.py", tmp_path / "solutions")
    monkeypatch.setattr(build, "all_tasks", dict)
    monkeypatch.setenv("PYTHONPATH", str(REPO))
    assert build.main(Namespace(lessons=[], check=False, execute=True), tmp_path) == 0
    return tmp_path


def test_one_run_gives_outputs_and_record(root, capsys):
    times = json.loads((root / "data" / "lesson_times.json").read_text(encoding="utf-8"))["08_plain"]
    assert set(times) == {"minutes", "peak_mb", "cores", "master"}
    assert times["peak_mb"] > 10 and times["cores"] >= 1
    assert parts.machine_time(times, stale=False) in header(root, "08_plain")
    assert build.main(Namespace(lessons=[], check=True, execute=False), root) == 0
    assert "recorded" not in capsys.readouterr().out


def test_another_sentence_leaves_a_record_current_and_other_code_makes_it_old(root, capsys):
    master = root / "solutions" / "08_plain.py"
    text = master.read_text(encoding="utf-8")
    master.write_text(text + "\n# %% [markdown]\n# One more sentence.\n", encoding="utf-8")
    assert build.main(Namespace(lessons=[], check=False, execute=False), root) == 0
    assert OLD not in header(root, "08_plain") and STALE not in capsys.readouterr().out
    master.write_text(text + "\n# %%\none_more = 1\n", encoding="utf-8")
    for check in (False, True):  # it is told, and nothing fails
        assert build.main(Namespace(lessons=[], check=check, execute=False), root) == 0
        assert OLD in header(root, "08_plain") and STALE in capsys.readouterr().out


def test_what_other_children_of_this_process_hold_is_not_counted(tmp_path):
    hold = "x = bytearray(600_000_000); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        watch = Watch("small", new_notebook(cells=[new_code_cell("1")]))
        watch.execute(tmp_path, tmp_path / "home")
        other.communicate(b"\n")
    assert 10 < watch.peak_mb < 500
