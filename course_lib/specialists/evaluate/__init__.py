"""The proofs of Lesson 01: twelve tasks put to wired specialists and to one model, and boxes, where the specialists are alone."""

from collections.abc import Iterator

from course_lib.figures import Figure
from course_lib.specialists.evaluate.boxes import box_figures
from course_lib.specialists.evaluate.tasks import task_figures


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; it trains nothing in the lesson, so `live` changes nothing."""
    yield from box_figures()
    yield from task_figures()
