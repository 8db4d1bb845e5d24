"""Ten cut-out shapes in eight colours, drawn with Pillow eight times too large and averaged down."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from course_lib.world.recolour import PALETTE
from course_lib.world.stickers import CELL, COLOURS

SHAPES = ("circle", "square", "triangle", "diamond", "pentagon", "hexagon", "star", "heart", "cross", "ring")
FINER = 8
CORNERS = {  # in thousandths of the cell
    "square": ((90, 90), (910, 90), (910, 910), (90, 910)),
    "triangle": ((500, 70), (960, 900), (40, 900)),
    "diamond": ((500, 30), (900, 500), (500, 970), (100, 500)),
    "pentagon": ((500, 40), (960, 375), (785, 920), (215, 920), (40, 375)),
    "hexagon": ((270, 95), (730, 95), (965, 500), (730, 905), (270, 905), (35, 500)),
    "star": (
        *((500, 30), (615, 365), (970, 370), (685, 582), (790, 925)),
        *((500, 720), (210, 925), (315, 582), (30, 370), (385, 365)),
    ),
    "cross": (
        *((350, 60), (650, 60), (650, 350), (940, 350), (940, 650), (650, 650)),
        *((650, 940), (350, 940), (350, 650), (60, 650), (60, 350), (350, 350)),
    ),
}


@cache
def shape_sprites() -> np.ndarray:
    """uint8 [80, 48, 48, 4], straight alpha; row = shape × 8 + colour."""
    return np.stack([_coloured(_mask(shape), colour) for shape in SHAPES for colour in COLOURS])


def _mask(shape: str) -> np.ndarray:
    """uint8 [48, 48]: how much of each pixel the shape covers."""
    side = CELL * FINER
    image = Image.new("L", (side, side))
    pen = ImageDraw.Draw(image)
    if shape in CORNERS:
        pen.polygon([(x * side // 1000, y * side // 1000) for x, y in CORNERS[shape]], fill=255)
    elif shape == "heart":
        _heart(pen, side)
    else:
        _disc(pen, side, 460, 255)
        if shape == "ring":
            _disc(pen, side, 230, 0)
    return np.asarray(image.reduce(FINER))


def _disc(pen: ImageDraw.ImageDraw, side: int, radius: int, fill: int) -> None:
    low, high = (500 - radius) * side // 1000, (500 + radius) * side // 1000
    pen.ellipse((low, low, high, high), fill=fill)


def _heart(pen: ImageDraw.ImageDraw, side: int) -> None:
    """Two discs and a triangle whose sides touch them."""
    for centre in (285, 715):
        box = (centre - 245, 75, centre + 245, 565)
        pen.ellipse([value * side // 1000 for value in box], fill=255)
    pen.polygon(
        [(x * side // 1000, y * side // 1000) for x, y in ((88, 463), (500, 300), (912, 463), (500, 945))], fill=255
    )


def _coloured(mask: np.ndarray, colour: str) -> np.ndarray:
    """The shape in a colour, a little darker towards its foot; uint8 [48, 48, 4]."""
    fade = 256 + 20 - 60 * np.arange(CELL)[:, None, None] // CELL  # 276 at the top to 216
    paint = np.minimum(np.array(PALETTE[colour]) * fade // 256, 255)
    sprite = np.empty((CELL, CELL, 4), np.uint8)
    sprite[..., :3] = np.broadcast_to(paint, (CELL, CELL, 3))
    sprite[..., 3] = mask
    return sprite
