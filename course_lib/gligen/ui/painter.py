"""The small generator as the drawing board uses it: a wish in, four pictures out, and a sentence for what can't be."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from course_lib.clip.data.images import to_images, to_tensor
from course_lib.gligen.data.layouts import Asked, ask, note_on_caption, unfamiliar
from course_lib.gligen.data.scenes import PIXELS
from course_lib.gligen.inpainting import Box, edit
from course_lib.gligen.model import Generator
from course_lib.gligen.reference import reference_embeddings
from course_lib.gligen.sampling import sample

COUNT = 4  # pictures for a wish


@dataclass(frozen=True)
class Wish:
    """What shall be drawn: with a scene, what shall be changed in it."""

    caption: str = ""
    boxes: tuple[Asked, ...] = ()
    away: tuple[Box, ...] = ()  # of a scene: to be painted anew without a thing
    scene: np.ndarray | None = None  # uint8 [S, S, 3]
    seed: int = 0
    guidance: float = 3.0
    strength: float = 1.0  # β of the steps in which the boxes are heard
    on: float = 1.0  # the share of the steps in which they are


class Painter:
    """A trained generator with gates, and what the board must know of it."""

    side = PIXELS
    edits, refers = True, True  # takes a scene to be changed; takes a reference picture

    def __init__(self, model: Generator, steps: int = 20) -> None:
        self.model, self.steps = model, steps
        self.settings = {"guidance": 3.0, "strength": 1.0, "on": 1.0}  # what can be set, and where it begins

    def notes(self, wish: Wish) -> list[str]:
        """Sentences about a wish that can be drawn. Raises ValueError, with one sentence, for one that can't."""
        ask([wish.boxes])  # raises for too many
        return [sentence for sentence in (*unfamiliar([wish.boxes]), note_on_caption(wish.caption)) if sentence]

    def paint(self, wish: Wish, told: Callable[[int], None] = lambda step: None) -> np.ndarray:
        """Four pictures, uint8 [4, 64, 64, 3]; the same for the same wish. `told` hears the number of steps done. Raises as `notes`."""

        def after_step(step: int, latents: Tensor) -> Tensor:
            told(step + 1)
            return latents

        how = {"seed": wish.seed, "guidance": wish.guidance, "strength": wish.strength, "on": wish.on}
        how |= {"steps": self.steps, "after_step": after_step}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `notes` has said it already
            if wish.scene is None:
                images = sample(self.model, [wish.caption] * COUNT, [list(wish.boxes)] * COUNT, **how)
            else:
                scene = to_tensor(wish.scene[None])[0]
                images = edit(self.model, scene, wish.boxes, wish.away, caption=wish.caption, count=COUNT, **how)
        return to_images(images)

    def embed(self, crop: np.ndarray) -> Tensor:
        """A part of a reference picture, uint8 [h, w, 3], in place of a phrase: [128]."""
        return reference_embeddings([crop])[0]
