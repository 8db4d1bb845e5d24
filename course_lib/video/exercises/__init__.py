"""The exercises on video of Lesson 14, in its order."""

from course_lib.video.exercises import order, tokens

TASKS = [*tokens.TASKS, *order.TASKS]
