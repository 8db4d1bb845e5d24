"""AP of everything it sees unasked: the measure of COCO, beside panoptic quality."""

from dataclasses import replace

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.seem.average_precision import average_precision
from course_lib.seem.coco_export import predicted, truths
from course_lib.seem.model import MiniSeem
from course_lib.seem.testsets import questions


@torch.no_grad()
def ap(model: MiniSeem, count: int = 200, stream: str = "test") -> Figure:
    """AP@[.5:.95] of masks. Control: the same masks under each other's names."""
    tests = questions("click", count, stream=stream)
    found = predicted(model.everything(tests.encoded(model)))
    there = truths(tests.scenes, tests.instances)
    others = np.random.default_rng(0).permutation([thing.category_id for thing in found])
    renamed = [replace(thing, category_id=int(other)) for thing, other in zip(found, others, strict=True)]
    value, control = (round(average_precision(things, there), 4) for things in (found, renamed))
    return Figure("seem.ap", value, n=count, control=control, ceiling=1.0, note="masks, COCO's AP@[.5:.95], by name")
