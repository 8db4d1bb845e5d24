"""The exercises of Lessons 06 and 07, in the order of the lessons."""

from course_lib.llava import (
    exercises_connect,
    exercises_features,
    exercises_fingerprints,
    exercises_freeze,
    exercises_labels,
    exercises_lora,
    exercises_lora_layers,
    exercises_lora_merging,
    exercises_lora_saving,
    exercises_splice,
)

STAGE_1 = (
    exercises_features,
    exercises_connect,
    exercises_splice,
    exercises_labels,
    exercises_freeze,
    exercises_fingerprints,
)
STAGE_2 = (exercises_lora, exercises_lora_merging, exercises_lora_layers, exercises_lora_saving)
TASKS = [task for module in (*STAGE_1, *STAGE_2) for task in module.TASKS]
