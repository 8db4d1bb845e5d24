"""Layouts: phrases with their boxes, checked, and as the tensors that the grounding net reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real

import torch
from torch import Tensor

from course_lib.gligen.grounding import MAX_BOXES
from course_lib.gligen.model import phrase_embeddings

Box = tuple[float, float, float, float]  # x0 y0 x1 y1, shares of the picture's side


@dataclass(frozen=True)
class GroundedPhrase:
    """A phrase and its box; in place of a phrase, a reference picture's embedding (train/reference.py).

    Any phrase can be given, in any script, since the text tower reads bytes; `vocabulary.notes_on_phrases` says what to
    expect. A list of them, for one picture, is a layout.
    """

    phrase: str
    box: Box
    embedding: Tensor | None = field(default=None, compare=False, repr=False)  # [128]

    def __post_init__(self) -> None:
        """Raises ValueError, saying what to change, for a phrase or a box that nothing can be drawn from."""
        has_phrase = isinstance(self.phrase, str) and bool(self.phrase.strip())
        if not has_phrase and self.embedding is None:
            raise ValueError("a box has no phrase: say what should be in it, such as 'a frog'")
        if has_phrase and self.embedding is not None:
            raise ValueError(f"the box of {self.phrase!r} has a phrase and a reference picture: leave one of them out")
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


def grounding_inputs(layouts: Sequence[Sequence[GroundedPhrase]]) -> dict[str, Tensor]:
    """B layouts, padded → "boxes" [B, 4, 4], "masks" [B, 4] (1 where there is a box), "positive_embeddings" [B, 4, 128].

    The keys are diffusers'. Raises ValueError for more than four boxes in a picture.
    """
    for layout in layouts:
        if len(layout) > MAX_BOXES:
            raise ValueError(f"{len(layout)} boxes were asked for: this model reads at most {MAX_BOXES} a picture")
    boxes = torch.zeros(len(layouts), MAX_BOXES, 4)
    masks = torch.zeros(len(layouts), MAX_BOXES)
    embeddings = torch.zeros(len(layouts), MAX_BOXES, 128)
    for row, layout in enumerate(layouts):
        if layout:
            boxes[row, : len(layout)] = torch.tensor([grounded.box for grounded in layout])
            masks[row, : len(layout)] = 1
            embeddings[row, : len(layout)] = _embeddings(layout)
    return {"boxes": boxes, "masks": masks, "positive_embeddings": embeddings}


def _embeddings(layout: Sequence[GroundedPhrase]) -> Tensor:
    """Each box's embedding, the phrase's or the one given in its place: [N, 128]."""
    of_phrases = phrase_embeddings([grounded.phrase for grounded in layout])
    return torch.stack(
        [
            of_phrase if grounded.embedding is None else grounded.embedding
            for grounded, of_phrase in zip(layout, of_phrases, strict=True)
        ]
    )
