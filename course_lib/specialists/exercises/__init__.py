"""The exercises of Lesson 01, in the order of the lesson."""

from course_lib.specialists.exercises import average_precision, boxes, wiring

TASKS = [*boxes.TASKS, *average_precision.TASKS, *wiring.TASKS]
