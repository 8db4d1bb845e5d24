"""The exercises of Lesson 04, in the order of the lesson."""

from course_lib.lm import exercises_chat, exercises_loss, exercises_writing

PROBABILITIES, ROUGE = exercises_writing.TASKS
TASKS = [*exercises_loss.TASKS, PROBABILITIES, *exercises_chat.TASKS, ROUGE]
