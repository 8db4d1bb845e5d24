"""The exercises of Lesson 00: small ones, to get used to how exercises feel."""

from course_lib.world.exercises import box, overlap

TASKS = [*box.TASKS, *overlap.TASKS]
