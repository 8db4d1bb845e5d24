"""Where the course's own models, training and measuring look up what a learner writes; `Task.used_at` names the places."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from types import ModuleType

from course_lib.checker.task import Task


def places(task: Task) -> list[tuple[ModuleType, str]]:
    """(module, name in it) of every place where the course uses this exercise's function."""
    pairs = [place.split(":") for place in task.used_at]
    return [(importlib.import_module(f"course_lib.{module}"), name) for module, name in pairs]


def install(task: Task, function: Callable) -> None:
    """Let the course use this function from now on: a learner's, or the reference again."""
    for module, name in places(task):
        setattr(module, name, function)


@contextlib.contextmanager
def installed(task: Task, function: Callable) -> Iterator[None]:
    """Let the course use this function inside a `with` block, and afterwards what it used before."""
    before = [(module, name, getattr(module, name)) for module, name in places(task)]
    install(task, function)
    try:
        yield
    finally:
        for module, name, usual in before:
            setattr(module, name, usual)
