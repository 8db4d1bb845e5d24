"""What the judge says of boxes that were asked for: is the thing there, and what is it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from course_lib.gligen.asking import Asked
from course_lib.gligen.detector import Found, box_iou
from course_lib.gligen.world import NAMES

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
