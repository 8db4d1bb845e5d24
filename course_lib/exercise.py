"""What a lesson uses: `exercise` checks a function at once, `hint` helps, `points` and `progress` count."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from course_lib.checker import progress as progress_store
from course_lib.checker import sockets
from course_lib.checker.checking import Verdict, check
from course_lib.checker.page import Card, Page, ProgressPage, show
from course_lib.checker.registry import UnknownExercise, find_task
from course_lib.checker.table import progress_table
from course_lib.common.text import say

__all__ = ["exercise", "hint", "points", "progress", "progress_table", "stand_in"]

Written = TypeVar("Written", bound=Callable)
_verdicts: dict[str, Verdict] = {}  # the last verdict of each exercise in this process
_hints_given: dict[str, int] = {}


def exercise(task_id: str) -> Callable[[Written], Written]:
    """Check the function (or class) below, say what was found, and return it if it is right, else the reference.

    What is returned is also what the course's own models, training and measuring use from then on.

    >>> @exercise("clip.contrastive_loss")
    ... def contrastive_loss(image_features, text_features, logit_scale): ...
    """

    def decorate(written: Written) -> Written:
        """Check once, now."""
        try:
            task = find_task(task_id)
        except UnknownExercise as error:
            show(Card("✗", say("{error} Your function was not checked.", error=error)))
            return written
        verdict = _verdicts[task_id] = check(task, written)
        note = progress_store.record(task_id, verdict.state == "solved") if verdict.state != "not started" else ""
        show(verdict_card(task_id, verdict, note))
        used = written if verdict.state == "solved" else task.reference
        sockets.install(task, used)
        return used

    return decorate


def stand_in(task_id: str, function: Callable) -> AbstractContextManager[None]:
    """`with stand_in("llava.splice", broken): …`: inside, the course's models, training and measuring use this function."""
    return sockets.installed(find_task(task_id), function)


def verdict_card(task_id: str, verdict: Verdict, note: str = "") -> Card:
    """The verdict as the learner sees it: the mistake first, the raw difference last."""
    notes = (note,) if note else ()
    if verdict.state == "solved":
        return Card("✓", say("{id}: right. The lesson goes on with your code.", id=task_id), notes)
    goes_on = say("Until then the lesson goes on with the reference. Stuck?") + f' `hint("{task_id}")`'
    if verdict.state == "not started":
        return Card("○", say("{id}: not started.", id=task_id), (goes_on, *notes))
    lines = [line for line in (verdict.what, verdict.raw) if line]
    return Card("✗", say("{id}: not right yet.", id=task_id), (*lines, goes_on, *notes))


def hint(task_id: str) -> None:
    """Show the next hint: a nudge, then the formula with shapes, then a skeleton; after the last, the first again."""
    try:
        hints = find_task(task_id).hints
    except UnknownExercise as error:
        show(Card("✗", str(error)))
        return
    index = _hints_given.get(task_id, 0) % len(hints)
    _hints_given[task_id] = index + 1
    last = index + 1 == len(hints)
    more = say("That was the last one; the next is the first again.") if last else say("Run this again for more.")
    head = say("Hint {number} of {count}, {name}.", number=index + 1, count=len(hints), name=hint_names()[index])
    show(Page(f"**{head}**\n\n{hints[index]}\n\n*{more}*"))


def hint_names() -> tuple[str, str, str]:
    """What each hint is, in the learner's language."""
    return say("a nudge"), say("the formula"), say("a skeleton")


def points(task_id: str) -> int:
    """Its difficulty if the exercise was last found right in this notebook, else 0. nbgrader reads the number."""
    verdict: Any = _verdicts.get(task_id)
    return find_task(task_id).difficulty if verdict and verdict.state == "solved" else 0


def verdicts() -> dict[str, Verdict]:
    """The last verdict of every exercise that was checked in this process. Grading reads it."""
    return dict(_verdicts)


def progress() -> None:
    """Show by lesson which exercises of the course are solved, and which is next."""
    show(ProgressPage())
