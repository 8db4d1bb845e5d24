"""Exercise of Lesson 01 → a tiny run of the course's own room that uses it."""

import torch

from course_lib.specialists import costs, rules
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
    "specialists.marginal_costs": lambda: costs.marginal_costs(costs.paid()),
}

EQUIVALENT = {}
