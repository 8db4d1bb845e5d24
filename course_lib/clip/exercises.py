"""The exercises of Lesson 02, in the order of the lesson."""

from course_lib.clip import exercises_classifier, exercises_loss, exercises_towers, exercises_zero_shot

ENSEMBLE, CLASSIFY = exercises_zero_shot.TASKS
TASKS = [*exercises_towers.TASKS, *exercises_loss.TASKS, ENSEMBLE, *exercises_classifier.TASKS, CLASSIFY]
