"""Every exercise of every room: right answers pass, every known mistake is called by its own name."""

import inspect
import re

import pytest

from course_lib.checker.checking import check
from course_lib.checker.registry import all_tasks, rooms, tasks_of
from course_lib.checker.table import exercise_ids, progress_table
from course_lib.session import REPO

TASKS = list(all_tasks().values())
MASTERS = sorted((REPO / "solutions").glob("*.py"))
EVERY = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
MISTAKES = [pytest.param(task, mistake, id=f"{task.id}: {mistake.name}") for task in TASKS for mistake in task.mistakes]
RIGHT = [pytest.param(task, right, id=f"{task.id}: {i}") for task in TASKS for i, right in enumerate(task.alternatives)]


def test_rooms_have_exercises_under_their_own_names():
    assert {"clip", "world"} <= set(rooms())
    for room in rooms():
        ids = list(tasks_of(room))
        assert ids and all(re.fullmatch(rf"{room}\.[a-z_0-9]+", task_id) for task_id in ids)
    assert len(TASKS) == len({task.id for task in TASKS})


@EVERY
def test_it_is_complete(task):
    assert 1 <= task.difficulty <= 5 and 1 <= task.importance <= 5 and 1 <= task.minutes <= 60 and task.title
    assert 3 <= len(task.mistakes) <= 20 and len(task.alternatives) >= 2
    assert len(task.hints) == 3 and len(set(task.hints)) == 3 and all(task.hints)
    assert "```python" in task.hints[2], "the last hint is a skeleton"
    messages = [mistake.message for mistake in task.mistakes]
    assert len(set(messages)) == len(messages) and all(len(message) > 40 for message in messages)
    assert inspect.getdoc(task.reference)


@EVERY
def test_the_reference_passes(task):
    assert check(task, task.reference).state == "solved"


@pytest.mark.parametrize(("task", "right"), RIGHT)
def test_right_answers_pass_however_they_are_written(task, right):
    verdict = check(task, right)
    assert verdict.state == "solved", verdict
    bodies = [inspect.getsource(function) for function in (task.reference, right)]
    assert bodies[0] != bodies[1]


@pytest.mark.parametrize(("task", "mistake"), MISTAKES)
def test_known_mistakes_are_rejected_with_their_own_message(task, mistake):
    verdict = check(task, mistake.code)
    assert (verdict.state, verdict.mistake, verdict.what) == ("wrong", mistake.name, mistake.message), verdict


@EVERY
def test_a_lesson_holds_it_and_the_table_shows_it(task, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    held = [task_id for master in MASTERS for task_id in exercise_ids(master.read_text(encoding="utf-8"))]
    assert task.id in held
    assert task.id in progress_table()
