"""What the eyes for letters find, drawn over the picture."""

from collections.abc import Sequence

import numpy as np
import torch

from course_lib.clip.pixels import normalise, to_tensor
from course_lib.llava.letters import ALPHABET, ReadingEyes


@torch.no_grad()
def letters_found(eyes: ReadingEyes, images: np.ndarray) -> list[list[str]]:
    """For each picture uint8 [B, 64, 64, 3] its 16 rows of 16 cells as text, a space where there is no letter."""
    numbers = eyes.letter_scores(normalise(to_tensor(images))).argmax(dim=-1)  # [B, 16, 16]
    return [["".join(f" {ALPHABET}"[number] for number in row) for row in picture] for picture in numbers.tolist()]


def show_letters(eyes: ReadingEyes, images: Sequence[np.ndarray]) -> None:
    """Each picture uint8 [64, 64, 3], pale, with the found letters where they were found."""
    from matplotlib import pyplot

    from course_lib.show import show_figure

    found = letters_found(eyes, np.stack(images))
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
