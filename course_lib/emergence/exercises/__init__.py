"""The exercises of Lesson 09, in the order of the lesson."""

from course_lib.emergence.exercises import mixture, proof

TASKS = [*mixture.TASKS, *proof.TASKS]
