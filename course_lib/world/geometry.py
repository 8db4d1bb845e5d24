"""Boxes from masks, how much two boxes overlap, and how two things lie to each other."""

from typing import Protocol

import numpy as np

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels; x1 and y1 are the first ones outside


class Placed(Protocol):
    """What has a centre: x to the right and y downward, as shares of the picture's side."""

    x: float
    y: float


def box_from_mask(mask: np.ndarray) -> Box:
    """The smallest box around the True pixels of a mask, bool [H, W] → (x0, y0, x1, y1), the ends excluded."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes: 0 for boxes apart, 1 for equal ones."""
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    area_a, area_b = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return shared / (area_a + area_b - shared)


def relation(a: Placed, b: Placed) -> str | None:
    """How a lies to b: "left", "right", "above", "below" along the dominant axis; None when it is too close to call."""
    dx, dy = a.x - b.x, a.y - b.y
    across, along = abs(dx), abs(dy)
    if max(across, along) < 0.14 or abs(across - along) < 0.06:
        return None
    if across > along:
        return "left" if dx < 0 else "right"
    return "above" if dy < 0 else "below"
