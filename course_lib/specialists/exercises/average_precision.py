"""The exercise on average precision, COCO's: the same number as pycocotools gives."""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.specialists.boxes import RECALLS, average_precision


def precision_inputs(rng) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores in no order, hits and misses; all right, all wrong, nothing found, and things that nobody found."""
    count, share, missed = rng.in_turn(((8, 0.6, 2), (12, 0.4, 0), (0, 0.5, 3), (5, 1.1, 0), (6, -0.1, 2), (9, 0.7, 5)))
    matched = rng.random(count) < share
    scores = (rng.permutation(count) + 1) / (count + 1)
    return scores, matched, int(matched.sum()) + missed


def _curve(scores, matched) -> tuple[np.ndarray, np.ndarray]:
    """Hits so far and precision so far, from the surest."""
    hits = np.asarray(matched, bool)[np.argsort(-np.asarray(scores), kind="stable")].cumsum()
    return hits, hits / np.arange(1, len(hits) + 1)


def ap_unsorted(scores, matched, num_truths):
    return average_precision(-np.arange(len(scores)), matched, num_truths)


def ap_of_found_only(scores, matched, num_truths):
    return average_precision(scores, matched, max(int(np.sum(matched)), 1))


def ap_not_rising(scores, matched, num_truths):
    hits, precision = _curve(scores, matched)
    return float(np.append(precision, 0.0)[np.searchsorted(hits / num_truths, RECALLS, side="left")].mean())


def ap_of_hits(scores, matched, num_truths):
    hits, precision = _curve(scores, matched)
    return float(precision[np.diff(hits, prepend=0) > 0].sum() / num_truths)


def ap_eleven_points(scores, matched, num_truths):
    hits, precision = _curve(scores, matched)
    precision = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(precision[np.searchsorted(hits / num_truths, np.linspace(0, 1, 11), side="left")].mean())


def ap_is_precision(scores, matched, num_truths):
    return float(np.mean(matched)) if len(matched) else 0.0


def ap_by_loops(scores, matched, num_truths):
    hits, precision = _curve(scores, matched)
    best = [max([p for h, p in zip(hits, precision, strict=True) if h / num_truths >= r], default=0.0) for r in RECALLS]
    return sum(best) / len(best)


def ap_point_by_point(scores, matched, num_truths):
    hits, precision = _curve(scores, matched)
    beyond = [precision[hits >= r * num_truths - 1e-9] for r in RECALLS]
    return float(np.mean([values.max() if len(values) else 0.0 for values in beyond]))


TASKS = [
    Task(
        id="specialists.average_precision",
        title="Average precision, as COCO has it",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=average_precision,
        used_at=("specialists.boxes:average_precision",),
        make_inputs=precision_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "not by score",
                ap_unsorted,
                "The detections are taken as they came. Sort them: the highest score first.",
            ),
            Mistake(
                "forgets what was missed",
                ap_of_found_only,
                "Recall is divided by the hits here, so that it always ends at 1. Divide by `num_truths`: what nobody found counts.",
            ),
            Mistake(
                "not the best beyond",
                ap_not_rising,
                "At each recall COCO takes the best precision that this *or a higher* recall has: run the maximum from the right.",
            ),
            Mistake(
                "the mean over hits",
                ap_of_hits,
                "This is the mean of the precision at every hit, as in search engines. COCO reads the raised curve at 101 points of recall.",
            ),
            Mistake(
                "eleven points", ap_eleven_points, "Eleven points of recall are PASCAL VOC's of 2007; COCO has 101."
            ),
            Mistake(
                "plain precision",
                ap_is_precision,
                "The share of hits says nothing about the order, nor about what was missed.",
            ),
        ),
        alternatives=(ap_by_loops, ap_point_by_point),
        hints=(
            "Go down the list from the surest detection. After each, how many of those so far are hits, and how many of all things?",
            "$P_k = h_k / k$, $R_k = h_k / T$; $\\mathrm{AP} = \\frac{1}{101} \\sum_{r \\in \\{0, .01, …, 1\\}} \\max_{R_k \\ge r} P_k$.",
            "```python\nhits = matched[order].cumsum()\nprecision = hits / np.arange(1, len(hits) + 1)\n"
            "precision = np.maximum.accumulate(precision[::-1])[::-1]\n"
            "reached = np.searchsorted(hits / num_truths, np.linspace(0, 1, 101))\nreturn ...  # 0 beyond the last\n```",
        ),
    ),
]
