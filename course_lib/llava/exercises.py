"""The exercises of Lesson 06, in the order of the lesson."""

from course_lib.llava import (
    exercises_connect,
    exercises_features,
    exercises_fingerprints,
    exercises_freeze,
    exercises_labels,
    exercises_splice,
)

TASKS = [
    *exercises_features.TASKS,
    *exercises_connect.TASKS,
    *exercises_splice.TASKS,
    *exercises_labels.TASKS,
    *exercises_freeze.TASKS,
    *exercises_fingerprints.TASKS,
]
