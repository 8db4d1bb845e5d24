"""The exercises of Lesson 05, in the order of the lesson."""

from course_lib.instruct.exercises import filter, messages, mix, reply, serialise

TASKS = [
    *serialise.TASKS,
    *messages.TASKS,
    *reply.TASKS,
    *mix.TASKS,
    *filter.TASKS,
]
