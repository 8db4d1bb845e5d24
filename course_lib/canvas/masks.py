"""Marks as masks: the pixels that a click, a stroke, a box or a polygon covers."""

import math

import numpy as np
from PIL import Image, ImageDraw

from course_lib.canvas.marks import CORNERS, Mark


def covered(mark: Mark, height: int, width: int) -> np.ndarray:
    """Pixels under a mark, bool [height, width]: at least one; of a text none. x runs along the width, y down the height."""
    canvas = Image.new("1", (width, height))
    pen = ImageDraw.Draw(canvas)
    points = [(column(x, width), column(y, height)) for x, y in mark.points]
    if mark.kind in CORNERS:
        x1, y1 = mark.points[1]
        right, bottom = math.ceil(x1 * width) - 1, math.ceil(y1 * height) - 1
        pen.rectangle((points[0], (max(right, points[0][0]), max(bottom, points[0][1]))), fill=1)
    elif mark.kind == "polygon":
        pen.polygon(points, fill=1, outline=1)
    elif mark.kind == "scribble":
        pen.line(points, fill=1)
    if mark.kind in ("click", "scribble"):
        pen.point(points, fill=1)
    return np.asarray(canvas, dtype=bool)


def column(share: float, pixels: int) -> int:
    """The pixel in which a place lies; the right edge belongs to the last one."""
    return min(int(share * pixels), pixels - 1)
