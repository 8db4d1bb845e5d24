"""Eyes for letters, beside CLIP's.

CLIP's patches say what a thing is, and hardly which letters it bears. Vary (Wei et al., 2023, arXiv 2312.06109) trains a small second
network to read, and puts what it finds beside CLIP's features; "Eyes Wide Shut?" (Tong et al., 2024, arXiv 2401.06209)
mixes two kinds of features, too. Here it is three convolutions on top of CLIP's own early layers, where edges are still sharp.
"""

import string
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.vision import Residual, convolution
from course_lib.llava.vision import PocketVisionTower

ALPHABET = string.ascii_uppercase + string.digits
EARLY = 3  # of the stem's parts: a quarter of the picture's side, before the last halving
WIDTH = 96


class LetterHead(nn.Module):
    """Which letter stands where: early features [B, C, h, w] → scores [B, h, w, 1 + 36], number 0 for none."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(convolution(channels, WIDTH, stride=1), Residual(WIDTH))
        self.scores = nn.Linear(WIDTH, 1 + len(ALPHABET))

    def forward(self, early: Tensor) -> Tensor:
        """[B, C, h, w] → [B, h, w, 37]."""
        return self.scores(self.layers(early).permute(0, 2, 3, 1)).float()


class PocketVisionTowerWithLetters(PocketVisionTower):
    """CLIP's patches, and beside each the letters in its left and in its right half: pixels [B, 3, S, S] → [B, N, W + 72].

    The first W numbers are exactly those of `PocketVisionTower`, so that what has learned to read those goes on as before.
    """

    def __init__(self, clip: nn.Module, layer: int = -2) -> None:
        super().__init__(clip, layer)
        self.letters = LetterHead(clip.config.stem_middle)

    def letter_logits(self, pixels: Tensor) -> Tensor:
        """pixels [B, 3, S, S] → scores [B, S/4, S/4, 37]; only the layers for letters learn."""
        with torch.no_grad():
            early = self.clip.visual.stem[:EARLY](pixels)
        return self.letters(early)

    def forward(self, pixels: Tensor) -> Tensor:
        return torch.cat([super().forward(pixels), patch_letter_probs(self.letter_logits(pixels))], dim=-1)


def patch_letter_probs(scores: Tensor) -> Tensor:
    """How surely each half of a patch holds each letter: scores [B, 2·h, 2·w, 37] → probabilities [B, h·w, 2·36].

    A half is two cells, one above the other; the surer one counts.
    """
    found = scores.softmax(dim=-1)[..., 1:]  # [B, 2h, 2w, 36]
    found = found.unflatten(1, (-1, 2)).amax(dim=2)  # [B, 2h, 2w, 36] → [B, h, 2, 2w, 36] → [B, h, 2w, 36]
    return found.unflatten(2, (-1, 2)).flatten(3).flatten(1, 2)  # → [B, h, w, 2, 36] → [B, h·w, 72]


@torch.no_grad()
def predict_letters(eyes: PocketVisionTowerWithLetters, images: np.ndarray) -> list[list[str]]:
    """For each picture uint8 [B, 64, 64, 3] its 16 rows of 16 cells as text, a space where there is no letter."""
    numbers = eyes.letter_logits(normalise(to_tensor(images))).argmax(dim=-1)  # [B, 16, 16]
    return [["".join(f" {ALPHABET}"[number] for number in row) for row in picture] for picture in numbers.tolist()]


def show_letters(eyes: PocketVisionTowerWithLetters, images: Sequence[np.ndarray]) -> None:
    """Each picture uint8 [64, 64, 3], pale, with the found letters where they were found."""
    from matplotlib import pyplot

    from course_lib.show import show_figure

    found = predict_letters(eyes, np.stack(images))
    figure, axes = pyplot.subplots(
        1, len(images), figsize=(3.2 * len(images), 3.2), layout="constrained", squeeze=False
    )
    for axis, image, rows in zip(axes[0], images, found, strict=True):
        side = len(rows)
        axis.imshow(image, extent=(0, side, side, 0), alpha=0.35)
        for y, row in enumerate(rows):
            for x, letter in enumerate(row):
                axis.text(x + 0.5, y + 0.5, letter, ha="center", va="center", fontsize=9, weight="bold")
        axis.axis("off")
    said = "; ".join(" / ".join(row.strip() for row in rows if row.strip()) for rows in found)
    show_figure(figure, f"Pictures with signs, and the letter that was found in each cell. Row by row: {said}.")
