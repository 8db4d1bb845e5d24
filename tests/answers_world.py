"""Answers to Lesson 00's exercises as people write them."""

import numpy as np
from answers import right, wrong

BOX, OVERLAP = "world.box_from_mask", "world.overlap"


@right(BOX)
def by_where(mask):
    ys, xs = np.where(mask)
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


@right(BOX)
def by_bounds(mask):
    xs = [x for x in range(mask.shape[1]) if mask[:, x].any()]
    ys = [y for y in range(mask.shape[0]) if mask[y].any()]
    return (xs[0], ys[0], xs[-1] + 1, ys[-1] + 1)


@right(BOX)
def by_trimming(mask):
    x0, y0, (y1, x1) = 0, 0, mask.shape
    while not mask[:, x0].any():
        x0 += 1
    while not mask[y0].any():
        y0 += 1
    while not mask[:, x1 - 1].any():
        x1 -= 1
    while not mask[y1 - 1].any():
        y1 -= 1
    return x0, y0, x1, y1


@wrong(BOX)
def axes_exchanged(mask):
    xs, ys = np.where(mask)
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


@wrong(BOX)
def last_included(mask):
    ys, xs = np.where(mask)
    return xs.min(), ys.min(), xs.max(), ys.max()


@wrong(BOX)
def as_read(mask):
    ys, xs = np.where(mask)
    return xs[0], ys[0], xs[-1] + 1, ys[-1] + 1


@wrong(BOX)
def first_row_only(mask):
    y0, y1 = np.flatnonzero(mask.any(axis=1))[[0, -1]]
    xs = np.flatnonzero(mask[y0])
    return xs[0], y0, xs[-1] + 1, y1 + 1


@wrong(BOX)
def xywh(mask):
    ys, xs = np.where(mask)
    return xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1


@wrong(BOX)
def number_of_columns(mask):
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return xs[0], ys[0], xs[0] + len(xs), ys[0] + len(ys)


@wrong(BOX)
def one_end_forgotten(mask):
    ys, xs = np.where(mask)
    return xs.min(), ys.min(), xs.max() + 1, ys.max()


@wrong(BOX)
def all_for_any(mask):
    ys, xs = np.flatnonzero(mask.all(axis=1)), np.flatnonzero(mask.all(axis=0))
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


@wrong(BOX)
def ordered_as_in_numpy(mask):
    ys, xs = np.where(mask)
    return ys.min(), ys.max() + 1, xs.min(), xs.max() + 1


@wrong(BOX)
def min_and_max(mask):
    ys, xs = np.where(mask)
    return xs.min(), xs.max() + 1, ys.min(), ys.max() + 1


@right(OVERLAP)
def unpacked(a, b):
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = a, b
    across, down = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / ((ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - across * down)


@right(OVERLAP)
def in_numpy(a, b):
    a, b = np.array(a), np.array(b)
    shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


@wrong(OVERLAP)
def no_clip(a, b):
    shared = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@wrong(OVERLAP)
def clipped_product(a, b):
    shared = max((min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1])), 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@wrong(OVERLAP)
def absolute(a, b):
    shared = abs(min(a[2], b[2]) - max(a[0], b[0])) * abs(min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@wrong(OVERLAP)
def union_too_large(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]))


@wrong(OVERLAP)
def closed_boxes(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1) * max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b)]
    return shared / (sum(areas) - shared)


@wrong(OVERLAP)
def as_if_xywh(a, b):
    across = max(0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    down = max(0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return across * down / (a[2] * a[3] + b[2] * b[3] - across * down)


@wrong(OVERLAP)
def of_the_larger(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / max((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))


@wrong(OVERLAP)
def of_b(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((b[2] - b[0]) * (b[3] - b[1]))


@wrong(OVERLAP)
def of_the_smaller(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))


@wrong(OVERLAP)
def in_whole_numbers(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared // ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
