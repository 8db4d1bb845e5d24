"""The exercises of Lesson 11, in the order of the lesson."""

from course_lib.seem import exercises_dice, exercises_heads, exercises_matching, exercises_reading, exercises_rounds

TASKS = [
    *exercises_reading.TASKS,
    *exercises_heads.TASKS,
    *exercises_matching.TASKS,
    *exercises_dice.TASKS,
    *exercises_rounds.TASKS,
]
