"""The exercises of Lesson 10, in the order of the lesson."""

from course_lib.gligen import (
    exercises_fourier,
    exercises_gate,
    exercises_guidance,
    exercises_step,
    exercises_strengths,
    exercises_tokens,
)

TASKS = [
    *exercises_step.TASKS,
    *exercises_guidance.TASKS,
    *exercises_fourier.TASKS,
    *exercises_tokens.TASKS,
    *exercises_gate.TASKS,
    *exercises_strengths.TASKS,
]
