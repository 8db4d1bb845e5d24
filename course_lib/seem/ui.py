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
from course_lib.world.scenes import SIZES
from course_lib.world.stickers import COLOURS, classes

FUNCTION_WORDS = frozenset(
    ["a", "an", "some", "the", "one", "on", "that", "says", "with", "text", "left", "right", "upper", "lower"]
)


@dataclass(frozen=True)
class SeemRound:
    """What one round gives: the answer, and the mask for the memory."""

    answer: Answer
    mask: Tensor  # bool [1, S, S]


class Interactive:
    """All kinds of marks, in any mixture. `look` at a picture, then `ask` with marks, or put `ask` behind a canvas."""

    takes = ("click", "scribble", "box", "polygon", "text", "reference")

    def __init__(self, model: MiniSeem) -> None:
        self.model = model
        self._features: Features | None = None
        self._reference: Features | None = None
        self._rounds = Rounds(self.play)

    @torch.inference_mode()
    def look(self, picture: np.ndarray, reference: np.ndarray | None = None) -> "Interactive":
        """Encode pictures uint8 [H, W, 3], once; the model sees a square of 64 × 64. Returns itself."""
        self._features = self._encode(picture)
        self._reference = None if reference is None else self._encode(reference)
        self._rounds = Rounds(self.play)
        return self

    def ask(self, marks: list[Mark]) -> Answer | None:
        """The answer after as many rounds as there are marks; without any, what is in the picture."""
        if not marks:
            return Answer(note=self.everything())
        return self._rounds(marks).answer

    @torch.inference_mode()
    def play(self, marks: list[Mark], before: SeemRound | None) -> SeemRound:
        """One round: all marks so far, and the mask of the round before. ValueError for words it has never read."""
        output = self.model.segment(self._features, [self.prompt(marks)], None if before is None else before.mask)
        mask, objectness = output.mask_logits[:, 0] > 0, float(output.objectness[0, 0].sigmoid())
        if objectness < 0.5 or not mask.any():
            note = f"I find no such thing here ({100 * (1 - objectness):.0f} % sure)."
            return SeemRound(Answer(note=note), torch.zeros_like(mask))
        probs = output.class_logits[0, 0].softmax(dim=-1)[:-1]  # "no object" aside
        best = int(probs.argmax())
        return SeemRound(Answer(mask[0].numpy(), class_names()[best], float(probs[best])), mask)

    def prompt(self, marks: list[Mark]) -> Prompt:
        """All marks as one prompt. Where include and exclude lie on one pixel, the later one counts."""
        size = self.model.config.image_size
        include, exclude = np.zeros((size, size), bool), np.zeros((size, size), bool)
        for mark in marks:
            if mark.kind not in ("text", "reference"):
                area = covered(mark, size, size)
                if mark.positive:
                    include, exclude = include | area, exclude & ~area
                else:
                    include, exclude = include & ~area, exclude | area
        text = " ".join(mark.text for mark in marks if mark.kind == "text")
        regions = [mark for mark in marks if mark.kind == "reference"]
        return Prompt(known(text), include, exclude, self.reference_tokens(regions[-1]) if regions else None)

    def reference_tokens(self, region: Mark) -> Tensor:
        """Tokens [R, D] of what the box on the other picture holds: it is segmented there first, then sampled inside.

        ValueError where there is no other picture.
        """
        if self._reference is None:
            raise ValueError("There is no other picture to point at: give one, `look(picture, reference=…)`.")
        size = self.model.config.image_size
        area = covered(region, size, size)
        mask = self.model.segment(self._reference, [Prompt(positive=area)]).mask_logits[0, 0].numpy() > 0
        inside = mask & area
        return self.model.reference_tokens(self._reference, [inside if inside.any() else area])[0]

    @torch.inference_mode()
    def everything(self) -> str:
        """Without a prompt: what the object queries find, in words."""
        classes = self.model.segment_everything(self._features).class_logits[0].argmax(dim=-1)
        names = [class_names()[i] for i in classes.tolist() if i < len(class_names())]
        return f"Asked nothing, it sees: {', '.join(names)}." if names else "Asked nothing, it sees no thing."

    def _encode(self, picture: np.ndarray) -> Features:
        """A picture uint8 [H, W, 3], made as small as the model's."""
        side = self.model.config.image_size
        small = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))
        return self.model.encode(normalise(to_tensor(small[None])))


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
    return frozenset(re.findall(r"[^\W_]+", names)) | FUNCTION_WORDS


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
        unchanged = 0
        while unchanged < min(len(marks), len(self._marks)) and marks[unchanged] == self._marks[unchanged]:
            unchanged += 1
        del self._marks[unchanged:], self._results[unchanged:]
        for mark in marks[unchanged:]:
            before = self._results[-1] if self._results else None
            self._results.append(self._play([*self._marks, mark], before))
            self._marks.append(mark)
        return self._results[-1] if marks else None
