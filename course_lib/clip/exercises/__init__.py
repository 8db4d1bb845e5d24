"""The exercises of Lesson 02, in the order of the lesson."""

from course_lib.clip.exercises import classifier, loss, towers, zero_shot

ENSEMBLE, CLASSIFY = zero_shot.TASKS
TASKS = [*towers.TASKS, *loss.TASKS, ENSEMBLE, *classifier.TASKS, CLASSIFY]
