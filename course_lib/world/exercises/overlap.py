"""The exercise on intersection over union."""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.world.geometry import overlap

NEIGHBOURS = (  # the second box beside (0, 0, 12, 9): x, y, width, height
    (4, 4, 8, 11),
    (2, 1, 13, 10),
    (-5, -4, 8, 7),
    (30, 30, 8, 11),  # apart on both axes
    (15, 2, 6, 5),  # apart on x only
    (2, 14, 6, 5),  # apart on y only
    (12, 3, 5, 4),  # side by side
    (3, 9, 5, 4),  # one below the other
    (12, 9, 8, 8),  # corner to corner
    (0, 0, 12, 9),  # equal
    (3, 2, 4, 5),  # inside
    (-3, -2, 20, 18),  # around
    (11, 3, 5, 4),  # one column is shared
    (4, -3, 3, 16),  # a cross
    (3, 8, 5, 4),  # one row is shared
    (-9, 2, 6, 5),  # apart, on the left
    (3, -9, 5, 6),  # apart, above
)


def box_inputs(rng) -> tuple[tuple, tuple]:
    """Two boxes that overlap, touch, lie apart on one axis or both, are equal, or hold each other."""
    (x, y), scale = (int(place) for place in rng.integers(30, 60, 2)), rng.in_turn((1, int(rng.integers(2, 4))))
    left, top, width, height = (scale * size for size in rng.in_turn(NEIGHBOURS))
    return (x, y, x + 12 * scale, y + 9 * scale), (x + left, y + top, x + left + width, y + top + height)


def _area(box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(a, b) -> int:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def overlap_union_counts_twice(a, b):
    return _shared(a, b) / (_area(a) + _area(b))


def overlap_not_clipped(a, b):
    shared = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    return shared / (_area(a) + _area(b) - shared)


def overlap_of_the_first(a, b):
    return _shared(a, b) / _area(a)


def overlap_in_pixels(a, b):
    return _shared(a, b)


def overlap_of_the_second(a, b):
    return _shared(a, b) / _area(b)


def overlap_of_the_smaller(a, b):
    return _shared(a, b) / min(_area(a), _area(b))


def overlap_of_the_larger(a, b):
    return _shared(a, b) / max(_area(a), _area(b))


def overlap_as_dice(a, b):
    return 2 * _shared(a, b) / (_area(a) + _area(b))


def overlap_of_the_hull(a, b):
    return _shared(a, b) / ((max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1])))


def overlap_with_ends(a, b):
    return overlap((*a[:2], a[2] + 1, a[3] + 1), (*b[:2], b[2] + 1, b[3] + 1))


def overlap_clipped_late(a, b):
    shared = max(0, (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1])))
    return shared / (_area(a) + _area(b) - shared)


def overlap_as_distance(a, b):
    return 1 - overlap(a, b)


def overlap_with_early_exit(a, b):
    if a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]:
        return 0
    (_, left, right, _), (_, top, bottom, _) = (sorted((a[i], a[i + 2], b[i], b[i + 2])) for i in (0, 1))
    shared = (right - left) * (bottom - top)
    return shared / (_area(a) + _area(b) - shared)


def overlap_by_sets(a, b):
    cells_a, cells_b = ({(x, y) for x in range(c[0], c[2]) for y in range(c[1], c[3])} for c in (a, b))
    return len(cells_a & cells_b) / len(cells_a | cells_b)


def overlap_by_arrays(a, b):
    canvas = np.zeros((2, 200, 200), bool)
    for layer, (x0, y0, x1, y1) in zip(canvas, (a, b), strict=True):
        layer[y0:y1, x0:x1] = True
    return float(canvas.all(0).sum() / canvas.any(0).sum())


TASKS = [
    Task(
        id="world.overlap",
        title="How much do two boxes overlap?",
        difficulty=2,
        importance=4,
        minutes=4,
        reference=overlap,
        lesson_only="the course compares boxes by the hundred, as tensors: `box_iou` of Lesson 10",
        make_inputs=box_inputs,
        draws=len(NEIGHBOURS),
        mistakes=(
            Mistake(
                "shared part counted twice",
                overlap_union_counts_twice,
                "The sum of both areas counts the shared part twice, so equal boxes would score ½. The union is the sum *minus* the shared part.",
            ),
            Mistake(
                "negative overlap",
                overlap_not_clipped,
                "Boxes that lie apart get a shared area above 0, since two negative lengths multiply to a positive one. Clip each length with `max(0, …)`.",
            ),
            Mistake(
                "share of the first box",
                overlap_of_the_first,
                "This divides by the area of the first box only, so exchanging the boxes changes the result. Divide by the area of the union.",
            ),
            Mistake(
                "share of the second box",
                overlap_of_the_second,
                "This divides by the area of the second box only. Divide by the area of the union, which is the same whichever box comes first.",
            ),
            Mistake(
                "share of the smaller box",
                overlap_of_the_smaller,
                "This divides by the smaller area, so that a box inside another scores 1. Divide by the area of the union: only equal boxes score 1.",
            ),
            Mistake(
                "share of the larger box",
                overlap_of_the_larger,
                "This divides by the larger area. The union is larger still, unless one box holds the other: the sum of both areas minus the shared part.",
            ),
            Mistake(
                "Dice",
                overlap_as_dice,
                "This is the Dice coefficient: twice the shared area by the sum of both. Intersection over union divides the shared area, once, by the *union*.",
            ),
            Mistake(
                "the box around both",
                overlap_of_the_hull,
                "This divides by the box around both, which covers corners that belong to neither. The union is the sum of both areas minus the shared part.",
            ),
            Mistake(
                "ends included",
                overlap_with_ends,
                "The ends are counted as inside (`+ 1`), so that boxes side by side overlap. Here they are *excluded*: the width is `x1 - x0`.",
            ),
            Mistake(
                "clipped too late",
                overlap_clipped_late,
                "The product of width and height is clipped, but two negative lengths multiply to a positive one. Clip *each* length with `max(0, …)`.",
            ),
            Mistake(
                "distance",
                overlap_as_distance,
                "This is one minus the overlap: equal boxes score 0. Here they score 1, and boxes apart 0.",
            ),
            Mistake(
                "in pixels",
                overlap_in_pixels,
                "This is the shared area in pixels. Divide it by the area of the union, so that large and small boxes can be compared.",
            ),
        ),
        alternatives=(overlap_by_sets, overlap_by_arrays, overlap_with_early_exit),
        hints=(
            "Draw two overlapping boxes. Where does the shared part begin and end, along x? Along y?",
            "shared width $= \\max(0, \\min(x_1^a, x_1^b) - \\max(x_0^a, x_0^b))$, the height likewise; $\\mathrm{IoU} = \\dfrac{S}{A_a + A_b - S}$.",
            "```python\nwidth = max(0, min(a[2], b[2]) - max(a[0], b[0]))\nheight = ...\nshared = ...\nreturn shared / (...)\n```",
        ),
    ),
]
