"""The exercises of Lesson 11, in the order of the lesson."""

from course_lib.seem.exercises import attention, click, dice, heads, matching, memory, sampler

TASKS = [
    *sampler.TASKS,
    *attention.TASKS,
    *heads.TASKS,
    *matching.TASKS,
    *dice.TASKS,
    *click.TASKS,
    *memory.TASKS,
]
