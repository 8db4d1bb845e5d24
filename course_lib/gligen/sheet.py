"""Generated pictures in a grid, with the boxes that were asked for drawn over them."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from course_lib.canvas import Mark, still

SIDE, GAP = 320, 8  # pixels of a picture, and between two


def sheet(pictures: Sequence[np.ndarray], marks: Sequence[Mark] = (), columns: int = 2) -> Image.Image:
    """Pictures uint8 [S, S, 3], enlarged, row by row; over each of them the boxes among `marks`."""
    rows = -(-len(pictures) // columns)
    together = Image.new("RGB", (columns * (SIDE + GAP) - GAP, rows * (SIDE + GAP) - GAP), "white")
    for number, picture in enumerate(pictures):
        large = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        for mark in marks:
            if mark.kind == "box":
                still.draw_mark(large, mark)
        row, column = divmod(number, columns)
        together.paste(large, (column * (SIDE + GAP), row * (SIDE + GAP)))
    return together
