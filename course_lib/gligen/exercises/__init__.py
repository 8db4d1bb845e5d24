"""The exercises of Lesson 10, by what they build."""

from course_lib.gligen.exercises import gate, grounding, sampling

TASKS = [
    *sampling.TASKS,
    *grounding.TASKS,
    *gate.TASKS,
]
