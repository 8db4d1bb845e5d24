"""Do the boxes matter? The same pictures, noise and captions, with true boxes, with another picture's, and with none."""

import torch
from torch import Tensor

from course_lib.gligen.asking import Asked, ask, true_boxes
from course_lib.gligen.model import Generator
from course_lib.gligen.paired import LEVELS, PairedScenes, error_inside
from course_lib.gligen.world import PIXELS
from course_lib.world.render import render

BOXES = ("true", "shuffled", "none")


def asked_boxes(paired: PairedScenes) -> dict[str, list[list[Asked]]]:
    """ "true", "shuffled" and "none" → the boxes of N pictures. Shuffled: the right phrases, in another picture's boxes."""
    true = [true_boxes(scene, render(scene, PIXELS)) for scene in paired.scenes]
    shuffled = []
    for number, asked in enumerate(true):
        others = [one.box for step in range(1, len(true)) for one in true[(number + step) % len(true)]]
        shuffled.append([Asked(one.phrase, box) for one, box in zip(asked, others, strict=False)])
    return {"true": true, "shuffled": shuffled, "none": [[] for _ in true]}


@torch.no_grad()
def grounded_losses(
    model: Generator, paired: PairedScenes, captions: str = "none", levels: tuple[int, ...] = LEVELS
) -> dict[str, Tensor]:
    """Boxes → mean square error of v inside the things, [levels, N]; `captions` says which caption all of them get."""
    return {
        name: error_inside(model, paired, paired.captions[captions], ask(boxes), levels)
        for name, boxes in asked_boxes(paired).items()
    }
