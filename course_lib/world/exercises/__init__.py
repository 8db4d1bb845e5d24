"""The exercises of Lesson 00: small ones, to get used to how exercises feel."""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.world.geometry import box_from_mask, overlap


def mask_inputs(rng) -> tuple[np.ndarray]:
    """A mask that fills no whole side, wider or higher by chance."""
    height, width = int(rng.integers(12, 18)), int(rng.integers(19, 26))
    mask = np.zeros((height, width), bool)
    y, x = int(rng.integers(1, 4)), int(rng.integers(4, 9))
    mask[y : y + int(rng.integers(3, 6)), x : x + int(rng.integers(6, 10))] = True
    mask[y + 1, x] = False  # not a full rectangle
    return (mask,)


def box_rows_first(mask):
    x0, y0, x1, y1 = box_from_mask(mask)
    return y0, x0, y1, x1


def box_inclusive(mask):
    x0, y0, x1, y1 = box_from_mask(mask)
    return x0, y0, x1 - 1, y1 - 1


def box_with_size(mask):
    x0, y0, x1, y1 = box_from_mask(mask)
    return x0, y0, x1 - x0, y1 - y0


def box_whole_picture(mask):
    return 0, 0, mask.shape[1], mask.shape[0]


def box_by_nonzero(mask):
    rows, columns = mask.nonzero()
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def box_by_argmax(mask):
    height, width = mask.shape
    down, across = mask.any(axis=1), mask.any(axis=0)
    x1, y1 = width - int(across[::-1].argmax()), height - int(down[::-1].argmax())
    return int(across.argmax()), int(down.argmax()), x1, y1


def box_inputs(rng) -> tuple[tuple, tuple]:
    """Two boxes of different size that overlap, touch in a corner only, or lie apart on both axes."""
    x, y = int(rng.integers(5, 15)), int(rng.integers(5, 15))
    shift = int(rng.choice([2, 4, 30]))
    return (x, y, x + 12, y + 9), (x + shift, y + shift, x + shift + 8, y + shift + 11)


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


def overlap_by_sets(a, b):
    cells_a, cells_b = ({(x, y) for x in range(c[0], c[2]) for y in range(c[1], c[3])} for c in (a, b))
    return len(cells_a & cells_b) / len(cells_a | cells_b)


def overlap_by_arrays(a, b):
    canvas = np.zeros((2, 100, 100), bool)
    for layer, (x0, y0, x1, y1) in zip(canvas, (a, b), strict=True):
        layer[y0:y1, x0:x1] = True
    return float(canvas.all(0).sum() / canvas.any(0).sum())


TASKS = [
    Task(
        id="world.box_from_mask",
        title="A box around a thing",
        difficulty=1,
        importance=3,
        minutes=3,
        reference=box_from_mask,
        used_at=("world.sprites:box_from_mask",),
        make_inputs=mask_inputs,
        mistakes=(
            Mistake(
                "rows and columns swapped",
                box_rows_first,
                "Rows and columns are swapped: y is axis 0 of the mask, x is axis 1. The answer begins with x: `(x0, y0, x1, y1)`.",
            ),
            Mistake(
                "ends included",
                box_inclusive,
                "The last row and column are named themselves. Here the ends are *excluded*, as in slices: add 1, so that `x1 - x0` is the width.",
            ),
            Mistake(
                "width and height",
                box_with_size,
                "The last two numbers are width and height. COCO stores boxes like this; here we want the corner `(x1, y1)`.",
            ),
            Mistake(
                "the whole picture",
                box_whole_picture,
                "This is the box of the whole picture. Only rows and columns that hold a True pixel count: `mask.any(axis=…)`.",
            ),
        ),
        alternatives=(box_by_nonzero, box_by_argmax),
        hints=(
            "Which rows hold at least one True pixel? And which columns?",
            "`mask.any(axis=1)` is $[H]$, True for rows with a pixel; `np.flatnonzero` gives their numbers. $x_1$ is the last column plus 1.",
            "```python\nrows = np.flatnonzero(mask.any(axis=1))\ncolumns = ...\nreturn int(columns[0]), ..., ..., ...\n```",
        ),
    ),
    Task(
        id="world.overlap",
        title="How much do two boxes overlap?",
        difficulty=2,
        importance=4,
        minutes=4,
        reference=overlap,
        lesson_only="the course compares boxes by the hundred, as tensors: `box_iou` of Lesson 10",
        make_inputs=box_inputs,
        draws=12,
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
                "in pixels",
                overlap_in_pixels,
                "This is the shared area in pixels. Divide it by the area of the union, so that large and small boxes can be compared.",
            ),
        ),
        alternatives=(overlap_by_sets, overlap_by_arrays),
        hints=(
            "Draw two overlapping boxes. Where does the shared part begin and end, along x? Along y?",
            "shared width $= \\max(0, \\min(x_1^a, x_1^b) - \\max(x_0^a, x_0^b))$, the height likewise; $\\mathrm{IoU} = \\dfrac{S}{A_a + A_b - S}$.",
            "```python\nwidth = max(0, min(a[2], b[2]) - max(a[0], b[0]))\nheight = ...\nshared = ...\nreturn shared / (...)\n```",
        ),
    ),
]
