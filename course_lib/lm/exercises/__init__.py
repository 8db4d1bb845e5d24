"""The exercises of Lesson 04, in the order of the lesson."""

from course_lib.lm.exercises import attention, chat, labels, loss, mask, preference, rouge, writing

TASKS = [task for module in (loss, mask, attention, writing, chat, labels, rouge, preference) for task in module.TASKS]
