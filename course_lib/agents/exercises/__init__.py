"""The exercises of Lesson 13, in its order."""

from course_lib.agents.exercises import reflection, running, writing

TASKS = [*writing.TASKS, *running.TASKS, *reflection.TASKS]
