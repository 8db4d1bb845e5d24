"""The exercises of Lesson 04, in the order of the lesson."""

from course_lib.lm.exercises import chat, labels, loss, mask, rouge, writing

TASKS = [task for module in (loss, mask, writing, chat, labels, rouge) for task in module.TASKS]
