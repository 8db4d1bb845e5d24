"""The exercises of Lesson 04, in the order of the lesson."""

from course_lib.lm.exercises import chat, loss, writing

PROBABILITIES, ROUGE = writing.TASKS
TASKS = [*loss.TASKS, PROBABILITIES, *chat.TASKS, ROUGE]
