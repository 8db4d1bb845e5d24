"""The exercises of Lesson 14's first half: equal tokens, int8, and what a filter brings back."""

from course_lib.small.exercises import budget, int8, recovery

TASKS = [*budget.TASKS, *recovery.TASKS, *int8.TASKS]
