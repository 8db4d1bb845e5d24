"""The exercises of Lesson 00: small ones, to get used to how exercises feel."""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.world.geometry import box_from_mask, overlap

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
