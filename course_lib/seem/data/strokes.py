"""How people draw prompts: clicks, strokes, boxes and outlines, made from the true mask for training and tests."""

import random

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

DRAWN_TYPES = ("click", "scribble", "box", "polygon")


def draw_prompt(prompt_type: str, mask: np.ndarray, rng: random.Random) -> np.ndarray:
    """The pixels of one prompt of DRAWN_TYPES for a mask bool [S, S] (not empty) → bool [S, S]."""
    canvas = Image.new("1", mask.shape[::-1])
    draw = {"click": click, "scribble": scribble, "box": box, "polygon": polygon}[prompt_type]
    draw(ImageDraw.Draw(canvas), mask, rng)
    return np.array(canvas)


def click(pen: ImageDraw.ImageDraw, mask: np.ndarray, rng: random.Random) -> None:
    """Somewhere on the thing, more often in its middle than at its rim."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    candidates = np.argwhere(depth >= rng.choice((1.0, 0.5 * depth.max(), 0.9 * depth.max())))
    y, x = candidates[rng.randrange(len(candidates))]
    pen.point((int(x), int(y)), fill=1)


def scribble(pen: ImageDraw.ImageDraw, mask: np.ndarray, rng: random.Random) -> None:
    """A stroke through some of its pixels; it may leave the thing for a moment, as a hand does."""
    ys, xs = np.nonzero(mask)
    indices = [rng.randrange(len(xs)) for _ in range(rng.randint(2, 4))]
    pen.line([(int(xs[i]), int(ys[i])) for i in indices], fill=1)


def box(pen: ImageDraw.ImageDraw, mask: np.ndarray, rng: random.Random) -> None:
    """Its box, each side a pixel off at most."""
    ys, xs = np.nonzero(mask)
    x0, y0 = (max(int(side.min()) + rng.randint(-1, 1), 0) for side in (xs, ys))
    x1, y1 = (int(side.max()) + rng.randint(-1, 1) for side in (xs, ys))
    pen.rectangle((x0, y0, max(x1, x0), max(y1, y0)), fill=1)


def polygon(pen: ImageDraw.ImageDraw, mask: np.ndarray, rng: random.Random) -> None:
    """A rough outline through some of its outermost pixels."""
    ys, xs = np.nonzero(mask)
    across, down = xs - xs.mean(), ys - ys.mean()
    turn, num_corners = rng.random(), rng.randint(6, 10)
    angles = turn + np.arange(num_corners) * 2 * np.pi / num_corners
    outermost = [int((across * np.cos(angle) + down * np.sin(angle)).argmax()) for angle in angles]
    pen.polygon([(int(xs[i]), int(ys[i])) for i in outermost], fill=1, outline=1)


def draw_over_two(prompt_type: str, mask: np.ndarray, other: np.ndarray, rng: random.Random) -> np.ndarray:
    """A mark that means two things alike, masks bool [S, S]: a click midway, a box around both, or a stroke through both."""
    canvas = Image.new("1", mask.shape[::-1])
    pen = ImageDraw.Draw(canvas)
    if prompt_type == "box over two":
        box(pen, mask | other, rng)
        return np.array(canvas)
    ends = [_random_pixel(one, rng) for one in (mask, other)]
    if prompt_type == "stroke over two":
        pen.line(ends, fill=1)
    else:
        centres = np.stack([np.argwhere(one).mean(axis=0) for one in (mask, other)])  # [2, 2] (y, x)
        y, x = centres.mean(axis=0)
        pen.point((round(x), round(y)), fill=1)
    return np.array(canvas)


def _random_pixel(mask: np.ndarray, rng: random.Random) -> tuple[int, int]:
    """(x, y) of any pixel of a mask."""
    ys, xs = np.nonzero(mask)
    i = rng.randrange(len(xs))
    return int(xs[i]), int(ys[i])


def jittered_click(mask: np.ndarray, rng: random.Random, max_offset: int = 5) -> np.ndarray:
    """A hasty click, up to `max_offset` pixels beside a pixel of the thing, in each direction. Masks bool [S, S]."""
    ys, xs = np.nonzero(mask)
    i, (height, width) = rng.randrange(len(xs)), mask.shape
    y, x = int(ys[i]) + rng.randint(-max_offset, max_offset), int(xs[i]) + rng.randint(-max_offset, max_offset)
    clicked = np.zeros_like(mask)
    clicked[min(max(y, 0), height - 1), min(max(x, 0), width - 1)] = True
    return clicked
