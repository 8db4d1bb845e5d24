"""The exercises of Lesson 11, in the order of the lesson."""

from course_lib.seem.exercises import attention, heads, losses, rounds

TASKS = [
    *attention.TASKS,
    *heads.TASKS,
    *losses.TASKS,
    *rounds.TASKS,
]
