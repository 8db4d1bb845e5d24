"""A rule that reads a caption's claim and checks it on the masks of the things that it names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.instruct.filters.mentions import find_mentions
from course_lib.instruct.filters.text import tokens
from course_lib.instruct.filters.wrong_relation import stated_relations
from course_lib.world.recolour import PALETTE
from course_lib.world.stickers import COLOURS

MIN_RANGE = 60  # between a pixel's brightest and darkest channel; below, it has no hue of its own


@dataclass(frozen=True)
class Claim:
    """What a caption says of two things: where the first lies from the second, or (direction None) which colours they have."""

    phrases: tuple[str, str]
    direction: str | None
    colours: tuple[str, str] | None

    def holds(self, image: np.ndarray, masks: Sequence[np.ndarray]) -> bool:
        """image uint8 [H, W, 3], masks of both things bool [H, W]."""
        if not all(mask.any() for mask in masks):
            return False
        if self.direction is None:
            (a, b), (c, d) = (amounts(image[mask], self.colours) for mask in masks)
            return a > b and d > c  # more of its own colour than of the other's
        (y0, x0), (y1, x1) = (np.argwhere(mask).mean(axis=0) for mask in masks)
        return {"left": x0 < x1, "right": x0 > x1, "above": y0 < y1, "below": y0 > y1}[self.direction]


def read_claim(caption: str) -> Claim:
    """ "a red hat and a blue car", "a cat left of a dog"."""
    if stated := stated_relations(caption):
        words = tokens(caption)
        return Claim(tuple(" ".join(words[m.phrase : m.end]) for m in find_mentions(words)), stated[0].direction, None)
    halves = [tokens(half) for half in caption.split(" and ")]
    at = [next(n for n, word in enumerate(half) if word in COLOURS) for half in halves]  # "an orange dress" is no fruit
    names = tuple(" ".join(half[n + 1 :]) for half, n in zip(halves, at, strict=True))
    return Claim(names, None, tuple(half[n] for half, n in zip(halves, at, strict=True)))


def amounts(pixels: np.ndarray, colours: Sequence[str]) -> list[int]:
    """How many of the pixels uint8 [M, 3] are nearest to each of these colours; those without a hue are left out."""
    pixels = pixels.astype(float)
    hued = pixels[np.ptp(pixels, axis=1) > MIN_RANGE]
    palette = np.array([PALETTE[colour] for colour in colours], float)  # [C, 3]
    nearest = ((hued[:, None] - palette) ** 2).sum(-1).argmin(1)  # [M, C, 3] → [M]
    return np.bincount(nearest, minlength=len(colours)).tolist()
