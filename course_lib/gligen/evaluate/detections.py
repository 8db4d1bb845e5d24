"""What the judge says of boxes that were asked for: is the thing there, and what is it."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.gligen.data.layouts import Asked
from course_lib.gligen.data.scenes import NAMES, PIXELS
from course_lib.gligen.train.detector import Found, box_iou

ENOUGH = 0.5  # intersection over union
SURE = 0.3  # score


@dataclass(frozen=True)
class Verdict:
    """One asked box."""

    obeyed: bool  # a thing of the asked class was found there, at IoU ≥ 0.5
    named: bool  # the surest thing there, of whatever class, is of the asked class
    iou: float  # of the asked box with the best detection of the asked class; 0 where there is none


def judge(asked: Sequence[Asked], found: Found) -> list[Verdict]:
    """One verdict for each asked box of a picture, from what the detector found in it, scores of 0.3 and more."""
    sure = found.scores >= SURE
    boxes, classes, scores = found.boxes[sure], found.classes[sure], found.scores[sure]
    verdicts = []
    for one in asked:
        overlaps = box_iou(boxes, torch.tensor([one.box]))[:, 0]  # [K, 1] → [K]
        right = classes == class_number(one.phrase)
        iou = float(overlaps[right].max()) if right.any() else 0.0
        there = scores * (overlaps >= ENOUGH)
        named = bool(there.any()) and bool(right[there.argmax()])
        verdicts.append(Verdict(iou >= ENOUGH, named, iou))
    return verdicts


def class_number(phrase: str) -> int:
    """The class that a phrase such as "a pine tree" names. Raises ValueError, with the names, when it is none."""
    for number, name in enumerate(NAMES):
        if phrase.split(" ", 1)[-1] == name or phrase == name:
            return number
    raise ValueError(f"the judge knows no {phrase!r}; it knows: {', '.join(NAMES)}")


def left_of(found: Found, left: str, right: str) -> bool:
    """Are things of both names in a picture, and is the surest `left` further left than the surest `right`?"""
    middles = {}
    for box, number, score in zip(found.boxes.tolist(), found.classes.tolist(), found.scores.tolist(), strict=True):
        if score >= SURE:
            middles.setdefault(NAMES[number], (box[0] + box[2]) / 2)  # the surest come first
    return left in middles and right in middles and middles[left] < middles[right]


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
