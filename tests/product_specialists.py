"""Exercise of Lesson 01 → a tiny run of the course's own room that uses it."""

import torch

from course_lib.specialists import rules
from course_lib.specialists.boxes import mean_average_precision
from course_lib.specialists.evaluate.boxes import scored_hits

BOX = torch.tensor([[0.1, 0.1, 0.5, 0.5]])
THERE = rules.Findings((rules.Found("cat", (0, 0, 0.2, 0.2)), rules.Found("dog", (0.5, 0, 0.7, 0.2))), "", max, str)

PRODUCT = {
    "specialists.box_iou": lambda: mean_average_precision(
        [(BOX, torch.zeros(1), torch.ones(1))], [(BOX, torch.zeros(1))]
    ),
    "specialists.nms": lambda: scored_hits(2),
    "specialists.average_precision": lambda: mean_average_precision(
        [(BOX, torch.zeros(1), torch.ones(1))], [(BOX, torch.zeros(1))]
    ),
    "specialists.relation_rule": lambda: rules.answer("where is the cat, seen from the dog?", THERE, rules.KNOWN),
}

NO_EMPTY = "no two boxes without any area are compared: neither a scene nor a detector has one"
IN_ORDER = "a box's second corner is never above or left of its first"
NO_TIES = "scores all differ"
NO_DIAGONAL = "two centres are never in one line, nor exactly on a diagonal: the statement leaves it open"
ONLY_COMPARED = "the two are only compared with each other and with 0"

EQUIVALENT = {
    "specialists.box_iou": {
        "left out: `(area_a[:, None] + area_b[None] - shared).clamp(min=1e-09)` → `area_a[:, None] + area_b[None] - shared`": NO_EMPTY,
        "left out: `(boxes[:, 2:] - boxes[:, :2]).clamp(min=0)` → `boxes[:, 2:] - boxes[:, :2]`": IN_ORDER,
        "sign: `-1` → `1`": "of a matrix, axis 1 is the last one",
        "constant: `1e-09` → `2e-09`": NO_EMPTY,
        "constant: `1e-09` → `5e-10`": NO_EMPTY,
        "constant: `0` → `-1`": IN_ORDER,
    },
    "specialists.nms": {
        "left out: `scores.argsort(descending=True, stable=True)` → `scores.argsort(descending=True)`": NO_TIES,
        "constant: `True` → `False`": NO_TIES,
        "order: `(i, j)` → `(j, i)`": "two boxes overlap alike, whichever comes first",
    },
    "specialists.average_precision": {
        "left out: `np.argsort(-np.asarray(scores, float), kind='stable')` → `np.argsort(-np.asarray(scores, float))`": NO_TIES,
        "left out: `np.searchsorted(hits / num_truths, RECALLS, side='left')` → `np.searchsorted(hits / num_truths, RECALLS)`": "left "
        "is numpy's default",
        "left out: `float(np.append(precision, 0.0)[reached].mean())` → `np.append(precision, 0.0)[reached].mean()`": "a number of "
        "numpy's is a number",
        "constant: `'stable'` → `'stablex'`": "numpy reads the first letter only",
    },
    "specialists.relation_rule": {
        "comparison: `abs(dx) >= abs(dy)` → `abs(dx) > abs(dy)`": NO_DIAGONAL,
        "comparison: `dy < 0` → `dy <= 0`": NO_DIAGONAL,
        "comparison: `dx < 0` → `dx <= 0`": NO_DIAGONAL,
        "operator: `(a.box[i] + a.box[i + 2] - b.box[i] - b.box[i + 2]) / 2` → `(a.box[i] + a.box[i + 2] - b.box[i] - "
        "b.box[i + 2]) * 2`": ONLY_COMPARED,
        "left out: `(a.box[i] + a.box[i + 2] - b.box[i] - b.box[i + 2]) / 2` → `a.box[i] + a.box[i + 2] - b.box[i] - "
        "b.box[i + 2]`": ONLY_COMPARED,
        "constant: `2` → `3`": ONLY_COMPARED,
        "constant: `2` → `1`": ONLY_COMPARED,
        "operator: `i + 2` → `i - 2`": "of four numbers, two back is two ahead",
    },
}
