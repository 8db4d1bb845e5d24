"""What a learner hands in runs inside the course's own models, training and measuring, in every lesson."""

import importlib
from pathlib import Path

import pytest

from course_lib import exercise as lesson
from course_lib.checker import sockets
from course_lib.checker.registry import all_tasks, find_task

TASKS = all_tasks()
ROOMS = sorted(file.stem for file in Path(__file__).parent.glob("product_*.py"))
PRODUCT = {task_id: run for room in ROOMS for task_id, run in importlib.import_module(room).PRODUCT.items()}
USED = [task for task in TASKS.values() if task.used_at]


class HandedIn(Exception):
    """Raised by what stands in for a learner's function."""


def raises(*_, **__):
    raise HandedIn


def test_every_exercise_is_used_by_the_course_or_says_why_not():
    assert [task.id for task in TASKS.values() if bool(task.used_at) == bool(task.lesson_only)] == []
    assert set(PRODUCT) == {task.id for task in USED}


@pytest.mark.parametrize("task", USED, ids=lambda task: task.id)
def test_the_course_calls_the_reference(task):
    for module, name in sockets.places(task):
        assert getattr(module, name) is task.reference, f"{module.__name__}:{name} is something else"


@pytest.mark.parametrize("task", USED, ids=lambda task: task.id)
def test_what_is_handed_in_runs_in_the_product(task):
    with lesson.stand_in(task.id, raises), pytest.raises(HandedIn):
        PRODUCT[task.id]()
    PRODUCT[task.id]()


@pytest.mark.parametrize("task", USED[:1], ids=lambda task: task.id)
def test_what_passes_goes_in_and_what_does_not_pass_comes_out_again(task, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    module, name = sockets.places(task)[0]
    for right in task.alternatives[:1]:
        lesson.exercise(task.id)(right)
        assert getattr(module, name) is right
    lesson.exercise(task.id)(task.mistakes[0].code)
    assert getattr(module, name) is find_task(task.id).reference
