"""Detections compared with a layout: is the thing in its box, and what is the average precision."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.gligen.data.scenes import PIXELS
from course_lib.gligen.detector import Detections, box_iou
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.vocabulary import NAMES

MIN_IOU = 0.5
MIN_SCORE = 0.3  # of a detection that counts


@dataclass(frozen=True)
class BoxResult:
    """How one box of a layout fared."""

    matched: bool  # a thing of its class was detected there, at IoU ≥ 0.5
    phrase_top1: bool  # the surest thing there, of whatever class, is of its class
    iou: float  # with the best detection of its class; 0 where there is none


def match_boxes(layout: Sequence[GroundedPhrase], detections: Detections) -> list[BoxResult]:
    """One result for each box of a layout, from the detections in its picture with scores of 0.3 and more."""
    confident = detections.scores >= MIN_SCORE
    boxes, classes, scores = detections.boxes[confident], detections.classes[confident], detections.scores[confident]
    results = []
    for target in layout:
        ious = box_iou(boxes, torch.tensor([target.box]))[:, 0]  # [K, 1] → [K]
        right_class = classes == class_number(target.phrase)
        iou = float(ious[right_class].max()) if right_class.any() else 0.0
        scores_there = scores * (ious >= MIN_IOU)
        phrase_top1 = bool(scores_there.any()) and bool(right_class[scores_there.argmax()])
        results.append(BoxResult(iou >= MIN_IOU, phrase_top1, iou))
    return results


def class_number(phrase: str) -> int:
    """The class that a phrase such as "a pine tree" names. Raises ValueError, with the names, when it is none."""
    for number, name in enumerate(NAMES):
        if phrase.split(" ", 1)[-1] == name or phrase == name:
            return number
    raise ValueError(f"the judge knows no {phrase!r}; it knows: {', '.join(NAMES)}")


def left_of(detections: Detections, left: str, right: str) -> bool:
    """Are things of both names in a picture, and is the surest `left` further left than the surest `right`?"""
    centres: dict[str, float] = {}
    triples = (values.tolist() for values in (detections.boxes, detections.classes, detections.scores))
    for box, number, score in zip(*triples, strict=True):
        if score >= MIN_SCORE:
            centres.setdefault(NAMES[number], (box[0] + box[2]) / 2)  # the surest come first
    return left in centres and right in centres and centres[left] < centres[right]


def box_ap(targets: Sequence[Sequence[GroundedPhrase]], detections: Sequence[Detections]) -> tuple[float, float]:
    """Average precision of N pictures, AP@[.5:.95] and AP50, as pycocotools has them: means over the classes of the targets."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    results = coco_results(detections)
    if not results:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):  # it prints every step
        annotations = COCO()
        annotations.dataset = coco_annotations(targets)
        annotations.createIndex()
        evaluation = COCOeval(annotations, annotations.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])


def coco_annotations(targets: Sequence[Sequence[GroundedPhrase]]) -> dict:
    """The layouts as an annotation file of COCO has them."""
    numbered = [(number, grounded) for number, layout in enumerate(targets, 1) for grounded in layout]
    annotations = []
    for id, (image_id, grounded) in enumerate(numbered, 1):
        box = _to_xywh_pixels(grounded.box)
        sizes = {"bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        category_id = class_number(grounded.phrase) + 1
        annotations.append({"id": id, "image_id": image_id, "category_id": category_id, **sizes})
    return {
        "images": [{"id": number, "width": PIXELS, "height": PIXELS} for number in range(1, len(targets) + 1)],
        "categories": [{"id": number, "name": name} for number, name in enumerate(NAMES, 1)],
        "annotations": annotations,
    }


def coco_results(detections: Sequence[Detections]) -> list[dict]:
    """The detections as `COCO.loadRes` reads them."""
    return [
        {"image_id": number, "category_id": int(name) + 1, "bbox": _to_xywh_pixels(box), "score": float(score)}
        for number, of_picture in enumerate(detections, 1)
        for box, name, score in zip(of_picture.boxes, of_picture.classes, of_picture.scores, strict=True)
    ]


def _to_xywh_pixels(box: Tensor | Sequence[float]) -> list[float]:
    """x0 y0 x1 y1 as shares → x y width height in pixels, COCO's order."""
    x0, y0, x1, y1 = (float(share) * PIXELS for share in box)
    return [x0, y0, x1 - x0, y1 - y0]
