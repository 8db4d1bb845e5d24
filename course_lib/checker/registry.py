"""Find tasks by id: "clip.contrastive_loss" lives in `course_lib/clip/exercises/`, imported only when asked for."""

import difflib
import importlib
from dataclasses import replace
from pathlib import Path

from course_lib.checker.guard.names import remember
from course_lib.checker.task import Task
from course_lib.common.errors import Problem
from course_lib.common.text import say

PACKAGE = Path(__file__).resolve().parents[1]


class UnknownExercise(Problem):
    """No exercise has this id. The text says which ones there are."""


def rooms() -> list[str]:
    """The rooms of the course that have exercises."""
    return sorted(file.parent.parent.name for file in PACKAGE.glob("*/exercises/__init__.py"))


def tasks_of(room: str) -> dict[str, Task]:
    """id → task of one room, in the order of its list, in the learner's language."""
    tasks = importlib.import_module(f"course_lib.{room}.exercises").TASKS
    remember()  # what the modules hold that were loaded for it
    return {task.id: in_words(task) for task in tasks}


def in_words(task: Task) -> Task:
    """What a learner reads of a task, in the learner's language."""
    mistakes = tuple(replace(one, message=say(one.message)) for one in task.mistakes)
    return replace(task, title=say(task.title), hints=tuple(map(say, task.hints)), mistakes=mistakes)


def all_tasks() -> dict[str, Task]:
    """id → task of the whole course. Imports every room, so it takes a few seconds."""
    return {task_id: task for room in rooms() for task_id, task in tasks_of(room).items()}


def find_task(task_id: str) -> Task:
    """The task of this id; `UnknownExercise` says what was probably meant."""
    room = str(task_id).partition(".")[0]
    known = tasks_of(room) if room in rooms() else {}
    if task_id in known:
        return known[task_id]
    near = difflib.get_close_matches(str(task_id), known, n=1, cutoff=0.5)
    advice = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(known) or ', '.join(rooms())}."
    raise UnknownExercise(f'There is no exercise called "{task_id}". {advice}')
