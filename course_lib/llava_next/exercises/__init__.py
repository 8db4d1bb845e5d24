"""The exercises of Lesson 08, in the order of the lesson."""

from course_lib.llava_next.exercises import answers, grid, rows

LETTER, MERGE, CIRCULAR = answers.TASKS
TASKS = [LETTER, MERGE, *grid.TASKS, *rows.TASKS, CIRCULAR]
