"""Signs with a short word or number, for reading: a coloured plate with a white rim, on a post."""

from functools import cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.world.recolour import PALETTE
from course_lib.world.stickers import CELL

WORDS_TRAIN = (
    *("STOP", "OPEN", "CAFE", "TAXI", "ZOO", "HI", "GO", "BUS", "TEA", "SALE", "NO", "WAY", "ICE", "FUN", "BAR"),
    *("MAP", "TOY", "ART", "GYM", "KEY", "UP", "SKI", "INN", "SPA", "1", "2", "3", "5", "8", "10", "12", "20", "24"),
    *("36", "50", "64", "75", "81", "99", "100", "250", "365", "500", "808", "911", "2026"),
)
WORDS_TEST = (
    "EXIT",
    "SUN",
    "DOG",
    "CAT",
    "YES",
    "PARK",
    "SHOP",
    "HOT",
    "4",
    "6",
    "7",
    "9",
    "15",
    "42",
    "77",
    "300",
    "905",
    "1984",
)
FINER = 8
RIM = (252, 252, 250, 255)
WOOD = (122, 84, 52, 255)


@cache
def sign_sprite(text: str, colour: str) -> np.ndarray:
    """uint8 [48, 48, 4], straight alpha: the plate fills the width, so that up to five letters stay legible."""
    side = CELL * FINER
    image = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(image)
    middle = side // 2
    pen.rectangle((middle - 14, side // 2, middle + 14, side - 4), fill=WOOD)
    font, (x, y) = _font(text, side), _corner(text, side)
    left, _, right, _ = pen.textbbox((0, 0), text, font=font)
    half = max((right - left) // 2 + 34, side // 4)
    pen.rounded_rectangle((middle - half, 60, middle + half, 250), 40, fill=RIM)
    plate = tuple(value * 4 // 5 for value in PALETTE[colour])  # dark enough for white letters, yellow too
    pen.rounded_rectangle((middle - half + 12, 72, middle + half - 12, 238), 30, fill=(*plate, 255))
    pen.text((x, y), text, font=font, fill=RIM)
    return np.asarray(image.reduce(FINER))


@cache
def letter_boxes(text: str) -> list[tuple[float, float, float, float]]:
    """Where each letter stands: (x0, y0, x1, y1) from the sign's centre, in widths of the sign. ValueError if it is too long."""
    side = CELL * FINER
    font, (x, y) = _font(text, side), _corner(text, side)
    _, top, _, bottom = font.getbbox(text)
    edges = [(x + font.getlength(text[:i])) / side - 0.5 for i in range(len(text) + 1)]
    rows = (y + top) / side - 0.5, (y + bottom) / side - 0.5
    return [(left, rows[0], right, rows[1]) for left, right in pairwise(edges)]


def _corner(text: str, side: int) -> tuple[int, int]:
    """Where Pillow begins to write, so that the words stand in the middle of the plate."""
    left, top, right, bottom = _font(text, side).getbbox(text)
    return side // 2 - (left + right) // 2, 155 - (top + bottom) // 2


def _font(text: str, side: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, as large as the plate allows."""
    for size in range(160, 60, -4):
        font = ImageFont.load_default(size)
        if font.getlength(text) <= side - 76:
            return font
    raise ValueError(f"{text!r} is too long for a sign; five letters fit")
