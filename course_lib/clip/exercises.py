"""The exercises of Lesson 02, in the order of the lesson."""

from course_lib.clip import exercises_loss, exercises_towers, exercises_zero_shot

TASKS = [*exercises_towers.TASKS, *exercises_loss.TASKS, *exercises_zero_shot.TASKS]
