"""The exercises of Lesson 10: right answers pass, every known mistake is called by its own name."""

import inspect

import pytest

from course_lib.exercises.checking import check
from course_lib.gligen import (
    exercises_fourier,
    exercises_gate,
    exercises_guidance,
    exercises_step,
    exercises_strengths,
    exercises_tokens,
)

ROOM = (
    exercises_step,
    exercises_fourier,
    exercises_tokens,
    exercises_gate,
    exercises_guidance,
    exercises_strengths,
)
TASKS = [task for module in ROOM for task in module.TASKS]
EVERY = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
MISTAKES = [pytest.param(task, mistake, id=f"{task.id}: {mistake.name}") for task in TASKS for mistake in task.mistakes]
RIGHT = [pytest.param(task, right, id=f"{task.id}: {i}") for task in TASKS for i, right in enumerate(task.alternatives)]


@EVERY
def test_it_is_complete(task):
    assert 3 <= len(task.mistakes) <= 6 and len(task.alternatives) >= 2 and inspect.getdoc(task.reference)
    assert len(set(task.hints)) == 3 and "```python" in task.hints[2]
    messages = {mistake.message for mistake in task.mistakes}
    assert len(messages) == len(task.mistakes) and all(len(message) > 40 for message in messages)
    assert check(task, task.reference).state == "solved"


@pytest.mark.parametrize(("task", "right"), RIGHT)
def test_right_answers_pass_however_they_are_written(task, right):
    assert check(task, right).state == "solved", check(task, right)


@pytest.mark.parametrize(("task", "mistake"), MISTAKES)
def test_known_mistakes_are_rejected_with_their_own_message(task, mistake):
    verdict = check(task, mistake.code)
    assert (verdict.state, verdict.mistake, verdict.what) == ("wrong", mistake.name, mistake.message), verdict
