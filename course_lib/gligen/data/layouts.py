"""What is asked for: phrases and boxes, checked, as the numbers that the grounding net reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from numbers import Real

import torch
from torch import Tensor

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.gligen.data.scenes import NAMES, PIXELS
from course_lib.gligen.grounding import MOST_BOXES
from course_lib.gligen.model import TOKENS, phrase_embeddings
from course_lib.world.language import phrase
from course_lib.world.render import Picture
from course_lib.world.scenes import SIZES, Scene
from course_lib.world.stickers import COLOURS, classes


@dataclass(frozen=True)
class Asked:
    """A phrase and its box, x0 y0 x1 y1 as shares of the side; in place of a phrase, a picture's embedding (reference.py).

    Any phrase can be asked for, in any script, since the text tower reads bytes; `unfamiliar` says what to expect.
    """

    phrase: str
    box: tuple[float, float, float, float]
    embedding: Tensor | None = field(default=None, compare=False, repr=False)  # [128]

    def __post_init__(self) -> None:
        """Raises ValueError, saying what to change, for a phrase or a box that nothing can be drawn from."""
        named = isinstance(self.phrase, str) and bool(self.phrase.strip())
        if not named and self.embedding is None:
            raise ValueError("a box has no phrase: say what should be in it, such as 'a frog'")
        if named and self.embedding is not None:
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


def unfamiliar(pictures: Sequence[Sequence[Asked]]) -> list[str]:
    """A sentence for each phrase that names none of the twelve things which the generator has seen; see `wording`."""
    phrases = dict.fromkeys(one.phrase for asked in pictures for one in asked if one.phrase)
    return [sentence for phrase in phrases if (sentence := note_on_phrase(phrase))]


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
            embeddings[row, : len(asked)] = _embeddings(asked)
    return {"boxes": boxes, "masks": masks, "positive_embeddings": embeddings}


def true_boxes(scene: Scene, picture: Picture) -> list[Asked]:
    """What is where in a rendered scene, one phrase and box a thing that can be seen."""
    shares = (picture.boxes / PIXELS).tolist()
    return [
        Asked(phrase(thing, size=False), tuple(box))
        for thing, box in zip(scene.things, shares, strict=True)
        if box[2] > box[0]
    ]


def _embeddings(asked: Sequence[Asked]) -> Tensor:
    """[N, 128]: of the phrase, or what was given in its place."""
    phrases = phrase_embeddings([one.phrase for one in asked])
    return torch.stack(
        [phrase if one.embedding is None else one.embedding for one, phrase in zip(asked, phrases, strict=True)]
    )


ARTICLES = frozenset(("a", "an", "the", "some"))


def note_on_phrase(phrase: str) -> str:
    """What to expect of a box's phrase: nothing to say ("") if it names one of the twelve things that were learned.

    All others are drawn all the same, since the grounding net reads any embedding, and what becomes of it is worth seeing.
    The sentence says which of two it is: words that CLIP's text tower has read, so that they mean something ("a giraffe");
    or words that it never read, as in another language ("ein Frosch"), whose embedding means nothing.
    """
    words = re.findall(r"[^\W_]+", phrase.lower()) or [phrase]
    if any(f" {name} " in f" {' '.join(words)} " for name in NAMES):
        return ""
    unknown = [word for word in words if word not in read_words()]
    why = (
        f"the text tower never read “{unknown[0]}”, so these words mean nothing to it"
        if unknown
        else "the text tower knows these words, but this generator has never drawn such a thing"
    )
    return f"“{phrase}”: {why}. Expect anything. What it has drawn: {', '.join(NAMES)}."


def note_on_caption(caption: str) -> str:
    """A caption is free: words that were never read become noise among those that were. Only a cut is worth a sentence."""
    tokens = len(get_tokenizer().encode(caption)) + 2  # start and end
    return f"the caption has {tokens} tokens, and is cut after {TOKENS}: make it shorter" if tokens > TOKENS else ""


@cache
def read_words() -> frozenset[str]:
    """The words of phrases that CLIP's training has read: its 160 names, colours, sizes, articles."""
    names = " ".join([*(c.name for c in classes() if c.split == "base"), *COLOURS, *SIZES]).lower()
    return frozenset(re.findall(r"[^\W_]+", names)) | ARTICLES
