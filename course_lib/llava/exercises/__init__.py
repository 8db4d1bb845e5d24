"""The exercises of Lessons 06 and 07, in the order of the lessons."""

from course_lib.llava.exercises import (
    connector,
    features,
    fingerprints,
    freeze,
    labels,
    lora,
    merge_and_save,
    new_adapter,
    pope_scores,
    splice,
    targets,
)

MERGE, SAVE = merge_and_save.TASKS
STAGE_1 = [task for module in (features, connector, splice, labels, freeze, fingerprints) for task in module.TASKS]
STAGE_2 = [*new_adapter.TASKS, *lora.TASKS, MERGE, *targets.TASKS, SAVE, *pope_scores.TASKS]
TASKS = [*STAGE_1, *STAGE_2]
