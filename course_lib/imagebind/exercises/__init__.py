"""The exercises of Lesson 03, in the order of the lesson."""

from course_lib.imagebind.exercises import compare, loss, mel

CLASSIFY, ADD, GAP = compare.TASKS
TASKS = [*mel.TASKS, *loss.TASKS, CLASSIFY, GAP, ADD]
