"""How people draw prompts: clicks, strokes, boxes and rough outlines, made from the true mask for training and tests."""

import random

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt

WAYS = ("click", "scribble", "box", "polygon")


def drawn(way: str, mask: np.ndarray, rng: random.Random) -> np.ndarray:
    """The pixels of one prompt for a mask bool [S, S] (not empty) → bool [S, S]."""
    canvas = Image.new("1", mask.shape[::-1])
    {"click": click, "scribble": scribble, "box": box, "polygon": polygon}[way](ImageDraw.Draw(canvas), mask, rng)
    return np.array(canvas)


def click(pen: ImageDraw.ImageDraw, mask: np.ndarray, rng: random.Random) -> None:
    """Somewhere on the thing, more often in its middle than at its rim."""
    depth = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    deep = np.argwhere(depth >= rng.choice((1.0, 0.5 * depth.max(), 0.9 * depth.max())))
    y, x = deep[rng.randrange(len(deep))]
    pen.point((int(x), int(y)), fill=1)


def scribble(pen: ImageDraw.ImageDraw, mask: np.ndarray, rng: random.Random) -> None:
    """A stroke through some of its pixels; it may leave the thing for a moment, as a hand does."""
    ys, xs = np.nonzero(mask)
    picked = [rng.randrange(len(xs)) for _ in range(rng.randint(2, 4))]
    pen.line([(int(xs[i]), int(ys[i])) for i in picked], fill=1)


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
    turn, corners = rng.random(), rng.randint(6, 10)
    outermost = [
        int((across * np.cos(a) + down * np.sin(a)).argmax()) for a in turn + np.arange(corners) * 2 * np.pi / corners
    ]
    pen.polygon([(int(xs[i]), int(ys[i])) for i in outermost], fill=1, outline=1)


def hasty(mask: np.ndarray, rng: random.Random, miss: int = 5) -> np.ndarray:
    """A click in a hurry: up to `miss` pixels beside a pixel of the thing, in each direction."""
    ys, xs = np.nonzero(mask)
    i, (height, width) = rng.randrange(len(xs)), mask.shape
    y, x = int(ys[i]) + rng.randint(-miss, miss), int(xs[i]) + rng.randint(-miss, miss)
    out = np.zeros_like(mask)
    out[min(max(y, 0), height - 1), min(max(x, 0), width - 1)] = True
    return out
