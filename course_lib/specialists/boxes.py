"""What a detector is made and measured with: non-maximum suppression, matching, average precision."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.gligen.detector import box_iou

RECALLS = np.linspace(0, 1, 101)


def non_maximum_suppression(boxes: Tensor, scores: Tensor, threshold: float) -> list[int]:
    """Which of the boxes [K, 4] stay, the surest first: none overlaps a surer one that stays by an IoU above the threshold."""
    overlaps, keep = box_iou(boxes, boxes), []
    for i in scores.argsort(descending=True, stable=True).tolist():
        if all(overlaps[i, j] <= threshold for j in keep):
            keep.append(i)
    return keep


def average_precision(scores: Sequence[float], matched: Sequence[bool], num_truths: int) -> float:
    """COCO's AP of one class at one IoU: scores [K] and hits [K] of its detections in all pictures, of `num_truths` true boxes.

    Detections are sorted by score; the mean of the precision is taken at 101 points of recall, at each the best that this or a higher
    recall still has, and 0 where that recall is never reached (pycocotools/cocoeval.py).
    """
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    hits = np.asarray(matched, bool)[order].cumsum()  # [K]
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(hits / num_truths, RECALLS, side="left")  # [101]
    return float(np.append(precision, 0.0)[reached].mean())


def match_detections(boxes: Tensor, truths: Tensor, min_iou: float = 0.5) -> list[bool]:
    """Which detections [K, 4] of one class in one picture, the surest first, are hits; every true box [T, 4] is used once."""
    ious, hits = box_iou(boxes, truths), []
    for row in ious:
        best = int(row.argmax()) if len(row) else -1
        hits.append(best >= 0 and bool(row[best] >= min_iou))
        if hits[-1]:
            ious[:, best] = 0
    return hits


def mean_average_precision(
    detections: Sequence[tuple[Tensor, Tensor, Tensor]], truths: Sequence[tuple[Tensor, Tensor]]
) -> float:
    """AP50, the mean over the classes that are there: detections (boxes, classes, scores) and truths (boxes, classes) of N pictures."""
    present = torch.cat([classes for _, classes in truths])
    values = []
    for number in present.unique().tolist():
        scores, hits = [], []
        for (boxes, classes, sure), (true_boxes, true_classes) in zip(detections, truths, strict=True):
            mine = (classes == number).nonzero()[:, 0]
            mine = mine[sure[mine].argsort(descending=True)]
            scores += sure[mine].tolist()
            hits += match_detections(boxes[mine], true_boxes[true_classes == number])
        values.append(average_precision(scores, hits, int((present == number).sum())))
    return float(np.mean(values))
