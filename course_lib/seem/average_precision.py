"""COCO's AP of masks, written out: how many predictions are right, from the surest to the least sure."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from course_lib.seem.coco_export import Instance

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of IoU
RECALLS = np.linspace(0, 1, 101)
MOST = 100  # predictions of a class in a picture


def average_precision(found: Sequence[Instance], truths: Sequence[Instance]) -> float:
    """Mean over the classes that are there, over ten thresholds of IoU and 101 points of recall (COCO's AP@[.5:.95]).

    Source: pycocotools/cocoeval.py, with which tests compare it.
    """
    by_class = defaultdict(list)
    for truth in truths:
        by_class[truth.category_id].append(truth)
    guesses = defaultdict(list)
    for guess in found:
        guesses[guess.category_id].append(guess)
    return float(np.mean([_of_class(guesses[number], there) for number, there in by_class.items()]))


def _of_class(found: list[Instance], truths: list[Instance]) -> float:
    """AP of one class over all pictures."""
    by_picture = defaultdict(list)
    for truth in truths:
        by_picture[truth.image_id].append(truth.mask)
    guesses = defaultdict(list)
    for guess in sorted(found, key=lambda one: -one.score):
        guesses[guess.image_id].append(guess)
    scores, right = [], [np.zeros((len(THRESHOLDS), 0), bool)]
    for picture, ranked in sorted(guesses.items()):
        scores += [guess.score for guess in ranked[:MOST]]
        right.append(_right([guess.mask for guess in ranked[:MOST]], by_picture[picture]))
    order = np.argsort(-np.array(scores), kind="stable")
    hits = np.concatenate(right, axis=1)[:, order]
    return float(np.mean([_area(row, len(truths)) for row in hits]))


def _right(guesses: list[np.ndarray], truths: list[np.ndarray]) -> np.ndarray:
    """Which guesses [G] of a picture, the surest first, are right at each threshold: bool [10, G]. A truth is used once."""
    overlaps = np.array([[(g & t).sum() / (g | t).sum() for t in truths] for g in guesses]).reshape(len(guesses), -1)
    right = np.zeros((len(THRESHOLDS), len(guesses)), bool)
    for row, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(truths), bool)
        for n, overlap in enumerate(overlaps):
            left = np.where(free, overlap, -1)
            if len(left) and left.max() >= threshold:
                right[row, n] = True
                free[left.argmax()] = False
    return right


def _area(right: np.ndarray, total: int) -> float:
    """The mean precision at 101 points of recall: right bool [G], the surest first; total: how many there were to find."""
    hits = right.cumsum()
    precision = hits / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]  # the best that a higher recall still has
    places = np.searchsorted(hits / total, RECALLS, side="left")
    return float(np.append(precision, 0.0)[places].mean())  # a recall that is never reached counts as 0
