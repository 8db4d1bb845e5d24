"""The exercises of Lesson 12, in the order of the lesson."""

from course_lib.failures.exercises import composition, hallucination, preference

TASKS = [*composition.TASKS, *hallucination.TASKS, *preference.TASKS]
