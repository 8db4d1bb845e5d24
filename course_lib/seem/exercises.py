"""The exercises of Lesson 11, in the order of the lesson."""

from course_lib.seem import exercises_reading, exercises_rounds, exercises_teaching

TASKS = [*exercises_reading.TASKS, *exercises_teaching.TASKS, *exercises_rounds.TASKS]
