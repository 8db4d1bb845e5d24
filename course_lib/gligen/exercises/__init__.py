"""The exercises of Lesson 10, by what they build."""

from course_lib.gligen.exercises import gate, grounding, guidance, sampling, schedule, tokens

TASKS = [*sampling.TASKS, *guidance.TASKS, *grounding.TASKS, *tokens.TASKS, *gate.TASKS, *schedule.TASKS]
