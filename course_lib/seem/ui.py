"""MiniSeem behind the prompt canvas: a picture is encoded once, then every mark is a round."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from course_lib.canvas import Answer, Mark
from course_lib.canvas.marks import covered
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.seem.data.queries import class_names
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt
from course_lib.seem.train.click_simulator import reference_tokens
from course_lib.world.scenes import SIZES
from course_lib.world.stickers import COLOURS, classes


@dataclass(frozen=True)
class Round:
    """What one round gives: the answer, and what was found, for the memory."""

    answer: Answer
    found: Tensor  # bool [1, S, S]


class Interactive:
    """All kinds of marks, in any mixture. `look` at a picture, then `ask` with marks, or put `ask` behind a canvas."""

    takes = ("click", "scribble", "box", "polygon", "text", "reference")

    def __init__(self, model: MiniSeem) -> None:
        self.model = model
        self._features: Features | None = None
        self._elsewhere: np.ndarray | None = None
        self._rounds = Rounds(self.play)

    @torch.inference_mode()
    def look(self, picture: np.ndarray, reference: np.ndarray | None = None) -> "Interactive":
        """Encode a picture uint8 [H, W, 3], once; the model sees a square of 64 × 64. Returns itself."""
        self._features = self.model.encode(normalise(to_tensor(self._small(picture)[None])))
        self._elsewhere = None if reference is None else self._small(reference)
        self._rounds = Rounds(self.play)
        return self

    def ask(self, marks: list[Mark]) -> Answer | None:
        """The answer after as many rounds as there are marks; without any, what is in the picture."""
        if not marks:
            return Answer(note=self.everything())
        return self._rounds(marks).answer

    @torch.inference_mode()
    def play(self, marks: list[Mark], before: Round | None) -> Round:
        """One round: all marks so far, and what the round before had found. ValueError for words it has never read."""
        masks = self.model.segment(self._features, [self.prompt(marks)], None if before is None else before.found)
        found, there = masks.logits[:, 0] > 0, float(masks.present[0, 0].sigmoid())
        if there < 0.5 or not found.any():
            return Round(
                Answer(note=f"I find no such thing here ({100 * (1 - there):.0f} % sure)."), torch.zeros_like(found)
            )
        chances = masks.classes[0, 0].softmax(dim=-1)[:-1]  # "nothing" aside
        best = int(chances.argmax())
        return Round(Answer(found[0].numpy(), class_names()[best], float(chances[best])), found)

    def prompt(self, marks: list[Mark]) -> Prompt:
        """All marks as one prompt. Where include and exclude lie on one pixel, the later one counts."""
        size = self.model.config.image_size
        include, exclude = np.zeros((size, size), bool), np.zeros((size, size), bool)
        for mark in marks:
            if mark.kind not in ("text", "reference"):
                area = covered(mark, size, size)
                include, exclude = (
                    (include | area, exclude & ~area) if mark.positive else (include & ~area, exclude | area)
                )
        text = " ".join(mark.text for mark in marks if mark.kind == "text")
        return Prompt(known(text), include, exclude, self.elsewhere([m for m in marks if m.kind == "reference"]))

    def elsewhere(self, regions: list[Mark]) -> Tensor | None:
        """Tokens of what the box on the other picture holds: the model first segments it there, then samples inside.

        ValueError where there is no other picture.
        """
        if not regions:
            return None
        if self._elsewhere is None:
            raise ValueError("There is no other picture to point at: give one, `look(picture, reference=…)`.")
        size = self.model.config.image_size
        area = covered(regions[-1], size, size)
        features = self.model.encode(normalise(to_tensor(self._elsewhere[None])))
        found = self.model.segment(features, [Prompt(positive=area)]).logits[0, 0].numpy() > 0
        return reference_tokens(self.model, [(self._elsewhere, found & area if (found & area).any() else area)])[0]

    @torch.inference_mode()
    def everything(self) -> str:
        """Asked nothing: what the object queries find, in words."""
        best = self.model.everything(self._features).classes[0].softmax(dim=-1).max(dim=-1)
        names = [class_names()[i] for i in best.indices.tolist() if i < len(class_names())]
        return f"Asked nothing, it sees: {', '.join(names)}." if names else "Asked nothing, it sees no thing."

    def _small(self, picture: np.ndarray) -> np.ndarray:
        side = self.model.config.image_size
        return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))


def known(text: str) -> str:
    """The text, if training has read all its words (those in quotes aside); ValueError, with one sentence, if not."""
    words = re.findall(r"[^\W_]+", re.sub(r'"[^"]*"', "", text.lower()))
    if unknown := [word for word in words if word not in readable_words()]:
        raise ValueError(
            f"I never read “{unknown[0]}”: name things of the sticker world, their colours, sizes and sides."
        )
    return text


@cache
def readable_words() -> frozenset[str]:
    """The words of training's phrases; novel names too, which the tokenizer knows though no picture showed them."""
    names = " ".join([*class_names(), *(c.name for c in classes()), *COLOURS, *SIZES]).lower()
    return frozenset(re.findall(r"[^\W_]+", names)) | {
        "a",
        "an",
        "some",
        "the",
        "one",
        "on",
        "that",
        "says",
        "with",
        "text",
        "left",
        "right",
        "upper",
        "lower",
    }


class Rounds:
    """Plays one round a mark and keeps what came out of each: one more mark costs one round, taking back costs none.

    play(marks so far, what the round before gave or None) → what this round gives.
    """

    def __init__(self, play: Callable[[list[Mark], Any], Any]) -> None:
        self._play = play
        self._marks: list[Mark] = []
        self._results: list[Any] = []

    def __call__(self, marks: list[Mark]) -> Any:
        """What the last round gives; None without marks."""
        same = 0
        while same < min(len(marks), len(self._marks)) and marks[same] == self._marks[same]:
            same += 1
        del self._marks[same:], self._results[same:]
        for mark in marks[same:]:
            before = self._results[-1] if self._results else None
            self._results.append(self._play([*self._marks, mark], before))
            self._marks.append(mark)
        return self._results[-1] if marks else None
