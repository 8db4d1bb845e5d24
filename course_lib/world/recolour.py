"""Paint a drawing in a named colour: its main hue changes, its shading, outlines and small details stay.

Only additions, multiplications, divisions and comparisons of whole arrays are used: these are exact on every machine.
"""

import numpy as np

from course_lib.world.stickers import COLOURS

PALETTE = {  # sRGB 0-255, far enough apart to be told apart in a 64 px picture
    "red": (222, 38, 44),
    "orange": (250, 135, 20),
    "yellow": (250, 212, 40),
    "green": (56, 170, 70),
    "blue": (40, 116, 235),
    "purple": (146, 68, 202),
    "pink": (252, 132, 190),
    "brown": (136, 84, 48),
}
HUE_WINDOW = 1.0  # of six; what lies this near the main hue is repainted
GREY = 0.18  # saturation below which a pixel has no hue of its own


def recolour(drawing: np.ndarray, colour: str) -> np.ndarray:
    """drawing uint8 [48, 48, 4] → the same in this colour, uint8 [48, 48, 4]."""
    rgb = drawing[..., :3].astype(np.float64)
    light = (rgb * (0.299, 0.587, 0.114)).sum(-1)  # [48, 48], 0-255
    visible = drawing[..., 3] > 64
    paint = _painted_part(rgb, light, visible)
    if not paint.any():  # a black silhouette: all of it takes the colour
        paint = visible
    out = drawing.copy()
    middle = float(np.median(light[paint])) if paint.any() else 0.0
    out[..., :3] = np.where(paint[..., None], _shade(light, middle, PALETTE[colour]), rgb).astype(np.uint8)
    return out


def recoloured(drawings: np.ndarray) -> np.ndarray:
    """drawings uint8 [N, 48, 48, 4] → uint8 [N × 8, 48, 48, 4]: every drawing in the eight colours, in their order."""
    return np.stack([recolour(drawing, colour) for drawing in drawings for colour in COLOURS])


def _painted_part(rgb: np.ndarray, light: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """bool [48, 48]: the pixels of the main hue, or everything but black and white where the drawing is grey."""
    high, low = rgb.max(-1), rgb.min(-1)
    chroma = high - low
    saturation = chroma / np.maximum(high, 1)
    has_hue = visible & (saturation > GREY) & (high > 40)
    if has_hue.sum() < 0.15 * visible.sum():
        return visible & (light > 45)
    hue = _hue(rgb, high, np.maximum(chroma, 1))
    counts, _ = np.histogram(hue[has_hue], bins=24, range=(0, 6))
    main = (np.argmax(counts + np.roll(counts, 1) + np.roll(counts, -1)) + 0.5) / 4
    distance = np.abs(hue - main)
    near = np.minimum(distance, 6 - distance) < HUE_WINDOW
    return has_hue & near


def _hue(rgb: np.ndarray, high: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """Hue in sixths of the colour circle, 0 to 6 (red 0, green 2, blue 4)."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    from_green = (blue - red) / chroma + 2
    from_blue = (red - green) / chroma + 4
    hue = np.where(high == red, (green - blue) / chroma, np.where(high == green, from_green, from_blue))
    return np.where(hue < 0, hue + 6, hue)


def _shade(light: np.ndarray, middle: float, target: tuple[int, int, int]) -> np.ndarray:
    """The target colour, darker where the drawing is darker than its middle tone and paler where it is lighter."""
    colour = np.array(target, dtype=np.float64)
    darker = np.minimum(light / max(middle, 1), 1)[..., None] * 0.75 + 0.25
    paler = np.maximum((light - middle) / max(255 - middle, 1), 0)[..., None] * 0.65
    return colour * darker * (1 - paler) + 255 * paler
