"""The exercises of Lesson 05, in the order of the lesson."""

from course_lib.instruct import (
    exercises_filter,
    exercises_messages,
    exercises_mix,
    exercises_reply,
    exercises_serialise,
)

TASKS = [
    *exercises_serialise.TASKS,
    *exercises_messages.TASKS,
    *exercises_reply.TASKS,
    *exercises_mix.TASKS,
    *exercises_filter.TASKS,
]
