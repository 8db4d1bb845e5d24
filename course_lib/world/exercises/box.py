"""The exercise on the box around a mask."""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.world.geometry import box_from_mask

WHOLE = None
PATCHES = (  # which pixels are True, within a patch of at least 3 rows and 6 columns
    np.s_[:],
    ([0, 1, 2], [5, 3, 1]),  # a slope: the first and the last pixel in reading order are not leftmost and rightmost
    ([0, -1], [-1, 0]),  # two dots apart
    ([0], [0]),
    np.s_[0],  # one row
    np.s_[:, 0],  # one column
    ([0, 0, 1, 2, 2], [3, 5, 0, 4, 3]),
    WHOLE,  # the whole picture
)


def mask_inputs(rng) -> tuple[np.ndarray]:
    """A mask that is wider than high or, as a transposed view, higher than wide."""
    height, width = int(rng.integers(12, 18)), int(rng.integers(19, 26))
    mask, patch = np.zeros((height, width), bool), rng.in_turn(PATCHES)
    y, x = int(rng.integers(1, 4)), int(rng.integers(4, 9))
    if patch is WHOLE:
        mask[:] = True
    else:
        mask[y : y + int(rng.integers(3, 6)), x : x + int(rng.integers(6, 10))][patch] = True
        mask[y + 1, x] = False  # no full rectangle
    return (rng.in_turn((mask, mask.T)),)


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


def box_in_reading_order(mask):
    rows, columns = mask.nonzero()
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def box_of_filled_rows(mask):
    rows, columns = np.flatnonzero(mask.all(axis=1)), np.flatnonzero(mask.all(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def box_by_counting(mask):
    x0, y0, _, _ = box_from_mask(mask)
    return x0, y0, x0 + int(mask.any(axis=0).sum()), y0 + int(mask.any(axis=1).sum())


def box_by_axis(mask):
    x0, y0, x1, y1 = box_from_mask(mask)
    return x0, x1, y0, y1


def box_as_slices(mask):
    x0, y0, x1, y1 = box_from_mask(mask)
    return y0, y1, x0, x1


def box_starting_late(mask):
    x0, y0, x1, y1 = box_from_mask(mask)
    return x0 + 1, y0 + 1, x1, y1


def box_of_centre(mask):
    x0, y0, x1, y1 = box_from_mask(mask)
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def box_by_points(mask):
    points = np.argwhere(mask)  # [P, 2]: y and x
    (y0, x0), (y1, x1) = points.min(axis=0), points.max(axis=0)
    return [x0, y0, x1 + 1, y1 + 1]


def box_by_loop(mask):
    pixels = [(x, y) for y, row in enumerate(mask.tolist()) for x, inside in enumerate(row) if inside]
    xs, ys = zip(*pixels, strict=True)
    return min(xs), min(ys), max(xs) + 1, max(ys) + 1


def box_by_nonzero(mask):
    rows, columns = mask.nonzero()
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def box_by_argmax(mask):
    height, width = mask.shape
    down, across = mask.any(axis=1), mask.any(axis=0)
    x1, y1 = width - int(across[::-1].argmax()), height - int(down[::-1].argmax())
    return int(across.argmax()), int(down.argmax()), x1, y1


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
        draws=len(PATCHES),
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
                "in reading order",
                box_in_reading_order,
                "x comes from the first and the last True pixel in reading order, but the leftmost and the rightmost may lie in any row: take the smallest and the largest column.",
            ),
            Mistake(
                "filled rows only",
                box_of_filled_rows,
                "`mask.all` asks for rows and columns that are True *throughout*, and there may be none. One True pixel is enough: `mask.any`.",
            ),
            Mistake(
                "counted",
                box_by_counting,
                "The rows and columns with a True pixel are *counted*. Where the thing has a gap, the box ends too early: take the last one's number plus 1.",
            ),
            Mistake(
                "x0, x1, y0, y1",
                box_by_axis,
                "The right numbers in another order, axis by axis. A box is two corners: `(x0, y0, x1, y1)`.",
            ),
            Mistake(
                "y0, y1, x0, x1",
                box_as_slices,
                "The right numbers in another order, that of slices. A box is two corners, x first: `(x0, y0, x1, y1)`.",
            ),
            Mistake(
                "one too many",
                box_starting_late,
                "The first row and column are one too high. Only the *ends* get a 1 added: the first True pixel belongs to the box.",
            ),
            Mistake(
                "centre and size",
                box_of_centre,
                "This is the centre with width and height. Here we want two corners: `(x0, y0, x1, y1)`.",
            ),
            Mistake(
                "the whole picture",
                box_whole_picture,
                "This is the box of the whole picture. Only rows and columns that hold a True pixel count: `mask.any(axis=…)`.",
            ),
        ),
        alternatives=(box_by_nonzero, box_by_argmax, box_by_points, box_by_loop),
        hints=(
            "Which rows hold at least one True pixel? And which columns?",
            "`mask.any(axis=1)` is $[H]$, True for rows with a pixel; `np.flatnonzero` gives their numbers. $x_1$ is the last column plus 1.",
            "```python\nrows = np.flatnonzero(mask.any(axis=1))\ncolumns = ...\nreturn int(columns[0]), ..., ..., ...\n```",
        ),
    ),
]
