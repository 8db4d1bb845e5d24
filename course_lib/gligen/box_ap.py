"""AP of boxes: the asked ones are the truth, what the judge found are the detections, and COCO's own code counts."""

import contextlib
import io
from collections.abc import Sequence

from torch import Tensor

from course_lib.gligen.asking import Asked
from course_lib.gligen.detector import Found
from course_lib.gligen.judging import class_number
from course_lib.gligen.world import NAMES, PIXELS


def box_ap(wanted: Sequence[Sequence[Asked]], found: Sequence[Found]) -> tuple[float, float]:
    """N pictures → AP@[.5:.95] and AP50, as pycocotools has them: means over the classes that were asked for."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    results = as_results(found)
    if not results:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):  # it prints every step
        truth = COCO()
        truth.dataset = as_truth(wanted)
        truth.createIndex()
        count = COCOeval(truth, truth.loadRes(results), "bbox")
        count.evaluate()
        count.accumulate()
        count.summarize()
    return float(count.stats[0]), float(count.stats[1])


def as_truth(wanted: Sequence[Sequence[Asked]]) -> dict:
    """The asked boxes, as an annotation file of COCO has them."""
    things = [(number, one) for number, asked in enumerate(wanted, 1) for one in asked]
    annotations = []
    for id, (picture, one) in enumerate(things, 1):
        box = _pixels(one.box)
        sizes = {"bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        annotations.append({"id": id, "image_id": picture, "category_id": class_number(one.phrase) + 1, **sizes})
    return {
        "images": [{"id": number, "width": PIXELS, "height": PIXELS} for number in range(1, len(wanted) + 1)],
        "categories": [{"id": number, "name": name} for number, name in enumerate(NAMES, 1)],
        "annotations": annotations,
    }


def as_results(found: Sequence[Found]) -> list[dict]:
    """What was found, as `COCO.loadRes` reads it."""
    return [
        {"image_id": number, "category_id": int(name) + 1, "bbox": _pixels(box), "score": float(score)}
        for number, one in enumerate(found, 1)
        for box, name, score in zip(one.boxes, one.classes, one.scores, strict=True)
    ]


def _pixels(box: Tensor | Sequence[float]) -> list[float]:
    """x0 y0 x1 y1 as shares → x y width height in pixels, COCO's order."""
    x0, y0, x1, y1 = (float(share) * PIXELS for share in box)
    return [x0, y0, x1 - x0, y1 - y0]
