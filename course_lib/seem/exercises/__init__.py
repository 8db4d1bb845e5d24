"""The exercises of Lesson 11, in the order of the lesson."""

from course_lib.seem.exercises import heads, losses, reading, rounds

TASKS = [
    *reading.TASKS,
    *heads.TASKS,
    *losses.TASKS,
    *rounds.TASKS,
]
