"""What is asked for: phrases and boxes, checked, as the numbers that the grounding net reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor

from course_lib.gligen.grounding import MOST_BOXES
from course_lib.gligen.model import phrase_embeddings


@dataclass(frozen=True)
class Asked:
    """A phrase and its box, x0 y0 x1 y1 as shares of the side."""

    phrase: str
    box: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        """Raises ValueError, saying what to change, for a phrase or a box that nothing can be drawn from."""
        if not isinstance(self.phrase, str) or not self.phrase.strip():
            raise ValueError("a box has no phrase: say what should be in it, such as 'a frog'")
        if not isinstance(self.box, Sequence) or [isinstance(edge, Real) for edge in self.box] != [True] * 4:
            raise ValueError(
                f"the box of {self.phrase!r} should be four numbers, left, top, right, bottom: {self.box!r}"
            )
        x0, y0, x1, y1 = self.box
        if not all(0 <= share <= 1 for share in self.box):
            raise ValueError(f"the box of {self.phrase!r}, {self.box}, leaves the picture: give shares between 0 and 1")
        if x0 >= x1 or y0 >= y1:
            raise ValueError(
                f"the box of {self.phrase!r}, {self.box}, is empty or inside out: it goes left, top, right, bottom"
            )


def ask(pictures: Sequence[Sequence[Asked]]) -> dict[str, Tensor]:
    """The boxes of B pictures → "boxes" [B, 4, 4], "masks" [B, 4] (1 where there is a box), "positive_embeddings" [B, 4, 128].

    The keys are diffusers'. Raises ValueError for more than four boxes in a picture.
    """
    for asked in pictures:
        if len(asked) > MOST_BOXES:
            raise ValueError(f"{len(asked)} boxes were asked for: this model reads at most {MOST_BOXES} a picture")
    boxes = torch.zeros(len(pictures), MOST_BOXES, 4)
    masks = torch.zeros(len(pictures), MOST_BOXES)
    embeddings = torch.zeros(len(pictures), MOST_BOXES, 128)
    for row, asked in enumerate(pictures):
        if asked:
            boxes[row, : len(asked)] = torch.tensor([one.box for one in asked])
            masks[row, : len(asked)] = 1
            embeddings[row, : len(asked)] = phrase_embeddings([one.phrase for one in asked])
    return {"boxes": boxes, "masks": masks, "positive_embeddings": embeddings}
