"""The exercises of Lessons 06 and 07, in the order of the lessons."""

from course_lib.llava.exercises import adapters, connector, features, fingerprints, freeze, labels, lora, splice

STAGE_1 = (
    features,
    connector,
    splice,
    labels,
    freeze,
    fingerprints,
)
STAGE_2 = (lora, adapters)
TASKS = [task for module in (*STAGE_1, *STAGE_2) for task in module.TASKS]
