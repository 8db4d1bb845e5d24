"""What a model answered to the marks, and how it looks over the picture."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

FILL, SHARE = (240, 228, 66), 0.38  # yellow of the Okabe-Ito colours; the outline does not depend on seeing it
OUTLINE_SIDE = 320  # pixels of the longer side, at least: an outline needs some


@dataclass(frozen=True)
class Answer:
    """A mask with its name and score, or a sentence instead of one."""

    mask: np.ndarray | None = None  # bool [H, W]
    label: str = ""
    score: float | None = None  # 0–1: how sure the model is
    note: str = ""  # anything else worth saying, or why there is no mask

    def __str__(self) -> str:
        """In words, also for those who can't see the mask."""
        parts = [self.label] if self.label else []
        parts += [f"{100 * self.score:.0f} % sure"] if self.score is not None else []
        if self.mask is not None:
            parts.append(f"{100 * np.mean(self.mask):.0f} % of the picture")
        return ", ".join(parts) + (". " if parts and self.note else "") + self.note


def overlay(mask: np.ndarray) -> Image.Image:
    """A mask bool [H, W] as a picture to lie over another: see-through yellow with a black and white outline."""
    factor = max(1, -(-OUTLINE_SIDE // max(mask.shape)))
    mask = np.kron(mask, np.ones((factor, factor), bool))  # every pixel becomes factor × factor
    layer = np.zeros((*mask.shape, 4), np.uint8)  # colours and opacity
    layer[mask] = (*FILL, round(255 * SHARE))
    layer[mask & grown(grown(~mask))] = (255, 255, 255, 255)
    layer[~mask & grown(grown(mask))] = (0, 0, 0, 255)
    return Image.fromarray(layer)


def grown(mask: np.ndarray) -> np.ndarray:
    """The mask and the pixels beside it (the eight neighbours)."""
    rows = mask.copy()
    rows[1:] |= mask[:-1]
    rows[:-1] |= mask[1:]
    both = rows.copy()
    both[:, 1:] |= rows[:, :-1]
    both[:, :-1] |= rows[:, 1:]
    return both
