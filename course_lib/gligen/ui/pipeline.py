"""The small generator as the drawing board uses it: a request in, four pictures out, and a sentence for what can't be."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from course_lib.clip.data.images import to_images, to_tensor
from course_lib.gligen.data.scenes import PIXELS
from course_lib.gligen.inpainting import edit
from course_lib.gligen.layouts import Box, GroundedPhrase, grounding_inputs
from course_lib.gligen.model import Generator
from course_lib.gligen.sampling import sample
from course_lib.gligen.train.reference import reference_embeddings
from course_lib.gligen.vocabulary import note_on_caption, notes_on_phrases

NUM_PICTURES = 4  # for a request


@dataclass(frozen=True)
class Request:
    """What shall be generated: with a scene, what shall be changed in it."""

    caption: str = ""
    layout: tuple[GroundedPhrase, ...] = ()
    erased_boxes: tuple[Box, ...] = ()  # of a scene: to be painted anew without a thing
    scene: np.ndarray | None = None  # uint8 [S, S, 3]
    seed: int = 0
    guidance_scale: float = 3.0
    strength: float = 1.0  # β of the steps in which the boxes are heard
    grounded_fraction: float = 1.0  # the share of the steps in which they are


class PocketPipeline:
    """The course's generator with gates as a pipeline, in diffusers' sense, and what the board must know of it."""

    side = PIXELS
    supports_editing, supports_reference = True, True  # takes a scene to be changed; takes a reference picture

    def __init__(self, model: Generator, steps: int = 20) -> None:
        self.model, self.steps = model, steps
        # What can be set, and where it begins.
        self.settings = {"guidance_scale": 3.0, "strength": 1.0, "grounded_fraction": 1.0}

    def notes(self, request: Request) -> list[str]:
        """Sentences about a request that can be drawn. Raises ValueError, with one sentence, for one that can't."""
        grounding_inputs([request.layout])  # raises for too many boxes
        on_phrases = notes_on_phrases(grounded.phrase for grounded in request.layout)
        return [note for note in (*on_phrases, note_on_caption(request.caption)) if note]

    def generate(self, request: Request, on_step: Callable[[int], None] = lambda step: None) -> np.ndarray:
        """Four pictures, uint8 [4, 64, 64, 3]; the same for the same request.

        on_step(number of steps done) is called after each. Raises as `notes`.
        """

        def after_step(step: int, latents: Tensor) -> Tensor:
            on_step(step + 1)
            return latents

        options = {name: getattr(request, name) for name in ("seed", *self.settings)}
        options |= {"steps": self.steps, "callback_on_step_end": after_step}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `notes` has said it already
            if request.scene is None:
                layouts = [list(request.layout)] * NUM_PICTURES
                images = sample(self.model, [request.caption] * NUM_PICTURES, layouts, **options)
            else:
                scene = to_tensor(request.scene[None])[0]
                options |= {"caption": request.caption, "count": NUM_PICTURES}
                images = edit(self.model, scene, request.layout, request.erased_boxes, **options)
        return to_images(images)

    def embed_reference(self, crop: np.ndarray) -> Tensor:
        """A part of a reference picture, uint8 [h, w, 3], as an embedding in place of a phrase: [128]."""
        return reference_embeddings([crop])[0]
