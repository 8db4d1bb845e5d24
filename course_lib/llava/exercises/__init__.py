"""The exercises of Lessons 06 and 07, in the order of the lessons."""

from course_lib.llava.exercises import adapters, connect, freeze, lora, splice

STAGE_1 = (
    connect,
    splice,
    freeze,
)
STAGE_2 = (lora, adapters)
TASKS = [task for module in (*STAGE_1, *STAGE_2) for task in module.TASKS]
