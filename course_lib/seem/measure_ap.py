"""AP of everything it sees unasked: the measure of COCO, beside panoptic quality, by our own code and by pycocotools."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.seem.average_precision import average_precision
from course_lib.seem.coco_export import Instance, predicted, to_results, truths
from course_lib.seem.model import MiniSeem
from course_lib.seem.testsets import questions
from course_lib.world.coco import categories


@torch.no_grad()
def ap(model: MiniSeem, count: int = 200, stream: str = "test") -> Iterator[Figure]:
    """AP@[.5:.95] of masks, by our code (control: the same masks under each other's names), then by pycocotools."""
    tests = questions("click", count, stream=stream)
    found = predicted(model.everything(tests.encoded(model)))
    there = truths(tests.scenes, tests.instances)
    others = np.random.default_rng(0).permutation([thing.category_id for thing in found])
    renamed = [replace(thing, category_id=int(other)) for thing, other in zip(found, others, strict=True)]
    value, control = (round(average_precision(things, there), 4) for things in (found, renamed))
    yield Figure("seem.ap", value, n=count, control=control, ceiling=1.0, note="masks, COCO's AP@[.5:.95], by name")
    judged = round(by_pycocotools(found, there, count), 4)
    yield Figure("seem.ap_pycocotools", judged, n=count, note="the same export, read by pycocotools")


def by_pycocotools(found: Sequence[Instance], there: Sequence[Instance], pictures: int) -> float:
    """The same AP, by COCO's own code: both lists go through COCO's formats first."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, (height, width) = COCO(), there[0].mask.shape
    truth.dataset = {
        "images": [{"id": number, "height": height, "width": width} for number in range(1, pictures + 1)],
        "categories": categories(),
        "annotations": [
            {**code, "id": number, "area": int(thing.mask.sum()), "iscrowd": 0}
            for number, (code, thing) in enumerate(zip(to_results(there), there, strict=True), start=1)
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):  # it reports every step
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(to_results(found)), "segm")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[0])
