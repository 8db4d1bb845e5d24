"""The exercises of Lesson 02, in the order of the lesson."""

from course_lib.clip.exercises import classifier, image_head, loss, temperature, text_end, zero_shot

ENSEMBLE, CLASSIFY = zero_shot.TASKS
TASKS = [*image_head.TASKS, *text_end.TASKS, *loss.TASKS, *temperature.TASKS, ENSEMBLE, *classifier.TASKS, CLASSIFY]
