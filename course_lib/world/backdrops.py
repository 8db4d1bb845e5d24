"""Ten procedural backdrops, drawn with Pillow at four times the size and averaged down.

Only integer drawing commands are used, so that every machine gets the same bytes.
"""

import random
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

BACKDROPS = ("meadow", "beach", "sea", "road", "snow", "desert", "forest", "night", "room", "plain")
VARIANTS = 24
HORIZON = {  # share of the height where the ground begins; a plain backdrop has none
    "meadow": 0.54,
    "beach": 0.64,
    "sea": 0.50,
    "road": 0.50,
    "snow": 0.52,
    "desert": 0.54,
    "forest": 0.56,
    "night": 0.56,
    "room": 0.60,
    "plain": 1.0,
}
FINER = 4  # drawn this much larger, then averaged
RGB = tuple[int, int, int]


class Canvas:
    """An ImageDraw that takes places as shares of the side, whatever the resolution."""

    def __init__(self, size: int):
        self.side = size * FINER
        self.image = Image.new("RGB", (self.side, self.side))
        self.draw = ImageDraw.Draw(self.image)

    def at(self, *shares: float) -> list[int]:
        """Shares of the side → pixels."""
        return [round(share * self.side) for share in shares]

    def gradient(self, top: RGB, bottom: RGB, y0: float = 0.0, y1: float = 1.0) -> None:
        """Fill the band y0–y1 with a vertical blend."""
        start, stop = self.at(y0, y1)
        for y in range(start, stop):
            colour = tuple(a + (b - a) * (y - start) // max(stop - start, 1) for a, b in zip(top, bottom, strict=True))
            self.draw.line((0, y, self.side, y), fill=colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: RGB) -> None:
        """An ellipse by its centre and radii."""
        self.draw.ellipse(self.at(x - rx, y - ry, x + rx, y + ry), fill=fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: RGB) -> None:
        """A filled rectangle."""
        self.draw.rectangle(self.at(x0, y0, x1, y1), fill=fill)

    def polygon(self, points: list[tuple[float, float]], fill: RGB) -> None:
        """A filled polygon."""
        self.draw.polygon([tuple(self.at(*point)) for point in points], fill=fill)


@lru_cache(maxsize=1024)
def backdrop(kind: str, variant: int, size: int) -> np.ndarray:
    """The empty backdrop, uint8 [size, size, 3]; the same for the same three arguments, always."""
    canvas = Canvas(size)
    PAINTERS[kind](canvas, random.Random(f"backdrop/{kind}/{variant}"))
    picture = np.asarray(canvas.image.reduce(FINER))
    picture.setflags(write=False)  # it is shared: whoever draws on it copies it first
    return picture


def _tone(rng: random.Random, colour: RGB, spread: int = 14) -> RGB:
    """The colour, a little lighter, darker or shifted."""
    shift = rng.randint(-spread, spread)
    return tuple(max(0, min(255, c + shift + rng.randint(-spread // 2, spread // 2))) for c in colour)


def _sky(canvas: Canvas, rng: random.Random, top: RGB, bottom: RGB, horizon: float, clouds: int) -> None:
    canvas.gradient(_tone(rng, top), _tone(rng, bottom), 0, horizon)
    for _ in range(rng.randint(0, clouds)):
        _cloud(canvas, rng.uniform(0, 1), rng.uniform(0.05, horizon * 0.55), rng.uniform(0.05, 0.09))


def _cloud(canvas: Canvas, x: float, y: float, r: float) -> None:
    """Three puffs on a flat base: first their pale blue outline, then the white."""
    puffs = ((-1.1, 0.15, 0.7), (0.0, -0.2, 1.0), (1.1, 0.1, 0.75))
    for rim, fill in ((0.22, (205, 224, 242)), (0.0, (252, 253, 255))):
        for dx, dy, k in puffs:
            canvas.ellipse(x + dx * r, y + dy * r, (k + rim) * r, (k * 0.8 + rim) * r, fill)
        canvas.ellipse(x, y + 0.45 * r, (1.8 + rim) * r, (0.35 + rim) * r, fill)


def _hills(canvas: Canvas, rng: random.Random, horizon: float, far: RGB, near: RGB) -> None:
    canvas.ellipse(rng.uniform(0, 0.4), horizon + 0.22, rng.uniform(0.4, 0.6), rng.uniform(0.2, 0.28), far)
    canvas.ellipse(rng.uniform(0.6, 1), horizon + 0.22, rng.uniform(0.4, 0.6), rng.uniform(0.2, 0.28), far)
    canvas.gradient(near, tuple(c * 3 // 4 for c in near), horizon + 0.12, 1)
    canvas.ellipse(rng.uniform(0.3, 0.7), horizon + 0.2, 0.9, 0.12, near)


def _meadow(canvas: Canvas, rng: random.Random) -> None:
    horizon = HORIZON["meadow"]
    _sky(canvas, rng, (110, 184, 250), (214, 238, 255), 1.0, 3)
    _hills(canvas, rng, horizon, _tone(rng, (142, 214, 110)), _tone(rng, (112, 194, 84)))
    for _ in range(26):
        colour = rng.choice(((255, 250, 220), (250, 220, 120), (248, 190, 214), (255, 255, 255)))
        r = rng.uniform(0.004, 0.009)
        canvas.ellipse(rng.random(), rng.uniform(horizon + 0.16, 1), r, r, colour)


def _water(canvas: Canvas, rng: random.Random, top: float, bottom: float, waves: int) -> None:
    canvas.gradient(_tone(rng, (64, 164, 226), 8), _tone(rng, (24, 96, 176), 8), top, bottom)
    for _ in range(waves):
        x, y, w = rng.random(), rng.uniform(top + 0.03, bottom - 0.03), rng.uniform(0.03, 0.06)
        canvas.draw.arc(
            canvas.at(x - w, y - w / 2, x + w, y + w / 2), 200, 340, (150, 206, 242), max(1, canvas.side // 90)
        )


def _beach(canvas: Canvas, rng: random.Random) -> None:
    shore = HORIZON["beach"]
    _sky(canvas, rng, (92, 190, 248), (206, 238, 252), 0.54, 3)
    _water(canvas, rng, 0.53, shore + 0.02, 5)
    canvas.gradient(_tone(rng, (250, 230, 178), 8), _tone(rng, (232, 196, 128), 8), shore, 1)
    for i in range(-1, 6):  # foam where the water ends
        canvas.ellipse(i * 0.22 + rng.uniform(0, 0.1), shore, 0.14, 0.014, (250, 252, 250))


def _sea(canvas: Canvas, rng: random.Random) -> None:
    _sky(canvas, rng, (120, 190, 246), (218, 240, 254), HORIZON["sea"], 3)
    _water(canvas, rng, HORIZON["sea"], 1, 14)


def _road(canvas: Canvas, rng: random.Random) -> None:
    horizon = HORIZON["road"]
    _sky(canvas, rng, (136, 190, 240), (226, 240, 252), horizon, 3)
    canvas.box(0, horizon - 0.04, 1, horizon + 0.1, _tone(rng, (120, 188, 92)))
    grey = rng.randint(-10, 10)
    canvas.gradient((112 + grey, 114 + grey, 122 + grey), (88 + grey, 88 + grey, 96 + grey), horizon + 0.09, 1)
    canvas.box(0, horizon + 0.085, 1, horizon + 0.1, (196, 196, 190))
    start = rng.uniform(0, 0.25)
    for i in range(-1, 4):
        x = start + i * 0.28
        canvas.box(x, 0.78, x + 0.14, 0.81, (238, 232, 206))


def _snow(canvas: Canvas, rng: random.Random) -> None:
    _sky(canvas, rng, (172, 202, 226), (232, 240, 248), 1.0, 2)
    _hills(canvas, rng, HORIZON["snow"], (232, 240, 250), _tone(rng, (246, 249, 255), 4))
    canvas.gradient((248, 250, 255), (214, 226, 246), HORIZON["snow"] + 0.2, 1)
    for _ in range(24):
        r = rng.uniform(0.004, 0.009)
        canvas.ellipse(rng.random(), rng.random() * 0.8, r, r, (255, 255, 255))


def _desert(canvas: Canvas, rng: random.Random) -> None:
    _sky(canvas, rng, (246, 190, 132), (254, 228, 184), 1.0, 0)
    _hills(canvas, rng, HORIZON["desert"], _tone(rng, (236, 188, 112), 8), _tone(rng, (226, 170, 92), 8))
    for _ in range(5):  # wind ripples
        x, y = rng.random(), rng.uniform(0.74, 0.97)
        canvas.draw.arc(
            canvas.at(x - 0.12, y - 0.02, x + 0.12, y + 0.02), 190, 350, (204, 146, 74), max(1, canvas.side // 100)
        )


def _forest(canvas: Canvas, rng: random.Random) -> None:
    horizon = HORIZON["forest"]
    _sky(canvas, rng, (160, 216, 210), (214, 240, 222), 1.0, 1)
    for layer, colour in enumerate(((104, 152, 124), (70, 124, 88))):
        x = -0.05
        while x < 1.05:
            height, w = rng.uniform(0.2, 0.38) - 0.06 * layer, rng.uniform(0.045, 0.07)
            for k in (0.0, 0.3):  # two tiers of branches
                top = horizon + 0.06 - height * (1 - k)
                canvas.polygon([(x - w, horizon + 0.08), (x, top), (x + w, horizon + 0.08)], _tone(rng, colour, 6))
            x += rng.uniform(0.08, 0.16)
    canvas.gradient(_tone(rng, (92, 158, 84), 8), (44, 104, 58), horizon + 0.06, 1)
    canvas.ellipse(rng.uniform(0.2, 0.8), horizon + 0.1, 0.7, 0.07, _tone(rng, (92, 158, 84), 8))


def _night(canvas: Canvas, rng: random.Random) -> None:
    horizon = HORIZON["night"]
    canvas.gradient(_tone(rng, (22, 22, 70), 8), _tone(rng, (70, 58, 120), 8), 0, 1)
    for _ in range(40):
        r = rng.uniform(0.003, 0.008)
        canvas.ellipse(
            rng.random(), rng.uniform(0, horizon), r, r, rng.choice(((255, 255, 240), (214, 220, 255), (170, 176, 220)))
        )
    _hills(canvas, rng, horizon, _tone(rng, (46, 66, 84), 6), _tone(rng, (34, 54, 62), 6))


def _room(canvas: Canvas, rng: random.Random) -> None:
    floor = HORIZON["room"]
    wall = _tone(rng, rng.choice(((250, 228, 202), (244, 216, 206), (230, 232, 208))), 8)
    canvas.box(0, 0, 1, floor, wall)
    shift = rng.uniform(0, 0.12)
    for i in range(9):  # wallpaper stripes
        x = shift + i * 0.125
        canvas.box(x, 0, x + 0.012, floor, tuple(c * 15 // 16 for c in wall))
    x = rng.uniform(0.12, 0.7)
    canvas.box(x - 0.02, 0.1, x + 0.3, 0.42, (255, 255, 252))
    for pane in (x, x + 0.15):
        canvas.box(pane, 0.12, pane + 0.13, 0.4, (164, 214, 246))
    canvas.gradient(_tone(rng, (186, 128, 92), 8), (140, 92, 62), floor, 1)
    canvas.box(0, floor - 0.02, 1, floor + 0.005, (255, 252, 246))
    for y in (0.7, 0.8, 0.91):
        canvas.box(0, y, 1, y + 0.008, (126, 82, 56))


def _plain(canvas: Canvas, rng: random.Random) -> None:
    pale = [
        (250, 244, 208),
        (214, 234, 214),
        (210, 224, 246),
        (240, 214, 222),
        (226, 216, 244),
        (236, 232, 226),
        (206, 238, 240),
    ]
    top, bottom = rng.sample(pale, 2)
    canvas.gradient(_tone(rng, top), _tone(rng, bottom))


PAINTERS: dict[str, Callable[[Canvas, random.Random], None]] = {
    "meadow": _meadow,
    "beach": _beach,
    "sea": _sea,
    "road": _road,
    "snow": _snow,
    "desert": _desert,
    "forest": _forest,
    "night": _night,
    "room": _room,
    "plain": _plain,
}
