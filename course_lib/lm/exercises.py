"""The exercises of Lesson 04, in the order of the lesson."""

from course_lib.lm import exercises_loss, exercises_writing

LOSS, CAUSAL, LABELS = exercises_loss.TASKS
CHAT, PROBABILITIES, ROUGE = exercises_writing.TASKS
TASKS = [LOSS, CAUSAL, PROBABILITIES, CHAT, LABELS, ROUGE]
